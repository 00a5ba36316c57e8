"""The signed-in session: an encrypted cookie that holds who it is, and the hint with which the provider signs out."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from aiohttp import web
from aiohttp_session import Session
from aiohttp_session.cookie_storage import EncryptedCookieStorage

from api_service.identity.settings import IdentitySettings, session_secret

COOKIE: Final = "movie_together_session"
# Counted from signing in, never extended: a cookie cannot be called back, so it must not live on for ever.
MAX_AGE_S: Final = 7 * 24 * 3600
# Browsers drop a cookie over 4 KiB whole, and with it the session; encryption adds a third.
HINT_BYTES: Final = 2048

_USER = "user"
_HINT = "id_token"


class SessionStorage(EncryptedCookieStorage):
    """aiohttp-session's encrypted cookie; a cookie with bytes that are no text counts as none instead of failing."""

    def load_cookie(self, request: web.Request) -> str | None:
        cookie = super().load_cookie(request)
        return cookie if cookie is not None and cookie.isascii() else None


_SESSION: Final = web.RequestKey("_SESSION", Session)


class Sessions:
    """Loads a request's session when it is first asked for; ``save`` puts what changed into the answer.

    aiohttp-session's own middleware keeps things under string keys, of which aiohttp warns.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        self._storage = SessionStorage(
            session_secret(settings),
            cookie_name=COOKIE,
            max_age=MAX_AGE_S,
            path="/",
            secure=settings.secure,
            httponly=True,
            samesite="Lax",
        )

    async def sign_in(self, request: web.Request, user_id: UUID, id_token: str) -> None:
        """Start a new session; whatever the browser had before is gone, so a session planted earlier gains nothing."""
        session = request[_SESSION] = await self._storage.new_session()
        session[_USER] = str(user_id)
        if len(id_token) <= HINT_BYTES:
            session[_HINT] = id_token

    async def sign_out(self, request: web.Request) -> str | None:
        """End the session and give the ID token it held, if any."""
        session = await self._session(request)
        hint = session.get(_HINT)
        session.invalidate()
        return hint if isinstance(hint, str) else None

    async def user_id(self, request: web.Request) -> UUID | None:
        """Give the key of the account that the session belongs to, or None."""
        session = await self._session(request)
        try:
            return UUID(session[_USER])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    async def save(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set or drop the cookie if the session changed."""
        session = request.get(_SESSION)
        if session is not None and session._changed:
            await self._storage.save_session(request, response, session)

    async def _session(self, request: web.Request) -> Session:
        if _SESSION not in request:
            request[_SESSION] = await self._storage.load_session(request)
        return request[_SESSION]
