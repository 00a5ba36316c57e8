"""The three steps a browser takes: to the provider, back from it, and out."""

from __future__ import annotations

from typing import Any, Final

import structlog
from aiohttp import hdrs, web

from api_service.identity import pending
from api_service.identity.guards import ACCOUNTS, SESSIONS, SIGN_IN, optional_user, sign_in_url, unavailable
from api_service.identity.oidc import CALLBACK, Denied, Expired, Failed, RelyingParty
from api_service.identity.provider import ProviderUnavailable
from api_service.identity.return_path import return_path
from shared.service import Problem

log = structlog.get_logger(__name__)

SIGN_OUT: Final = "/auth/sign-out"
RELYING_PARTY: Final = web.AppKey("RELYING_PARTY", RelyingParty)
PENDING: Final = web.AppKey("PENDING", pending.PendingSignIns)
PUBLIC_ORIGIN: Final = web.AppKey("PUBLIC_ORIGIN", str)
_LANGUAGES: Final = ("ru", "en")


class SignInProblem(Problem):
    """A sign-in that came to nothing; ``sign_in_url`` is the path that starts it again and keeps the place."""

    def __init__(self, problem: Problem, next_path: str) -> None:
        super().__init__(problem.status, problem.code, problem.detail, errors=problem.errors, headers=problem.headers)
        self.sign_in_url = sign_in_url(next_path)

    def document(self, instance: str) -> dict[str, Any]:
        return {**super().document(instance), "sign_in_url": self.sign_in_url}


def routes() -> list[web.RouteDef]:
    """Give the routes of signing in and out."""
    return [
        web.get(SIGN_IN, start, allow_head=False),
        web.get(CALLBACK, finish, allow_head=False),
        web.post(SIGN_OUT, end),
    ]


async def start(request: web.Request) -> web.StreamResponse:
    """Send the browser to the provider, and whoever is signed in already to where they wanted to go."""
    next_path = return_path(request.query.get("next"))
    if await optional_user(request) is not None:
        raise _go(request, next_path)
    begun = pending.begin(next_path)
    try:
        address = await request.app[RELYING_PARTY].authorization_url(begun, _language(request))
    except ProviderUnavailable as error:
        raise SignInProblem(unavailable(error), next_path) from error
    request.app[PENDING].remember(request, begun)
    raise _uncached(web.HTTPSeeOther(address))


async def finish(request: web.Request) -> web.StreamResponse:
    """Take the provider's answer: a new session and on to where the person wanted to go, or a problem with a way on."""
    state = request.query.get("state", "")
    begun = request.app[PENDING].take(request, state)
    if begun is None:
        next_path = pending.next_of(state)
        # «Back» after signing in, or a second click: nothing to do over, and nothing is believed of the answer.
        if await optional_user(request) is not None:
            raise _go(request, next_path)
        raise SignInProblem(_expired(), next_path)
    try:
        signed_in = await request.app[RELYING_PARTY].complete(begun, request.query)
    except Denied as error:
        raise SignInProblem(
            Problem(403, "sign_in_denied", "The sign-in was called off. Start again to sign in."), begun.next
        ) from error
    except Expired as error:
        raise SignInProblem(_expired(), begun.next) from error
    except Failed as error:
        log.warning("sign-in failed", error=str(error))
        raise SignInProblem(
            Problem(502, "sign_in_failed", "The sign-in service gave an answer that cannot be trusted. Start again."),
            begun.next,
        ) from error
    except ProviderUnavailable as error:
        raise SignInProblem(unavailable(error), begun.next) from error
    user = await request.app[ACCOUNTS].upsert(signed_in.profile)
    await request.app[SESSIONS].sign_in(request, user.id, signed_in.id_token)
    log.info("signed in", user_id=str(user.id))
    raise _go(request, begun.next)


async def end(request: web.Request) -> web.StreamResponse:
    """Sign out here, then at the provider."""
    id_token = await request.app[SESSIONS].sign_out(request)
    raise _uncached(web.HTTPSeeOther(await request.app[RELYING_PARTY].sign_out_url(id_token, _language(request))))


def _expired() -> Problem:
    return Problem(400, "sign_in_expired", "This sign-in is too old, was used already, or began in another browser.")


def _go(request: web.Request, path: str) -> web.HTTPException:
    # The origin is written out, so that no path whatever can name another.
    return _uncached(web.HTTPSeeOther(request.app[PUBLIC_ORIGIN] + path))


def _uncached(answer: web.HTTPException) -> web.HTTPException:
    answer.headers[hdrs.CACHE_CONTROL] = "no-store"
    return answer


def _language(request: web.Request) -> str | None:
    """Give the language that the person chose on our pages (theirs is the cookie `lang`), if they did."""
    wanted = request.query.get("lang") or request.cookies.get("lang")
    return wanted if wanted in _LANGUAGES else None
