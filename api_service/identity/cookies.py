"""Where the cookies of sessions and of pending sign-ins get into answers."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from api_service.identity.pending import PendingSignIns
from api_service.identity.session import Sessions


def cookies(sessions: Sessions, pending: PendingSignIns) -> Middleware:
    """Give the middleware that saves what a request changed, in redirects and errors too."""

    async def save(request: web.Request, response: web.StreamResponse) -> None:
        await sessions.save(request, response)
        pending.save(request, response)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            await save(request, answer)
            raise
        if not response.prepared:
            await save(request, response)
        return response

    return middleware
