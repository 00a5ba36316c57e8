"""The routes of signing in and out: to the provider, back from it, and out."""

from __future__ import annotations

from typing import Any, Final

import structlog
from aiohttp import hdrs, web

from api_service.app_keys import DATABASE
from api_service.identity.cookies import PENDING, SESSIONS
from api_service.identity.guards import SIGN_IN, SIGN_OUT, optional_user, sign_in_url, unavailable
from api_service.identity.logout import verify_logout_token
from api_service.identity.oidc import (
    CALLBACK,
    Denied,
    Expired,
    Failed,
    RelyingParty,
    SignedIn,
    begin,
    next_of,
    return_path,
)
from api_service.identity.provider import ProviderUnavailable
from api_service.identity.tokens import InvalidToken
from api_service.language import COOKIE, LANGUAGES
from api_service.usecases import mail_guests, people, sessions
from shared.service import Problem

log = structlog.get_logger(__name__)

BACK_CHANNEL: Final = "/auth/back-channel-logout"
PUBLIC_URL: Final = web.AppKey("PUBLIC_URL", str)
RELYING_PARTY: Final = web.AppKey("RELYING_PARTY", RelyingParty)


class SignInProblem(Problem):
    """A sign-in that failed; ``sign_in_url`` is the path that starts it again, to the same ``next_path``."""

    def __init__(self, problem: Problem, next_path: str) -> None:
        super().__init__(problem.status, problem.code, problem.detail, errors=problem.errors, headers=problem.headers)
        self.sign_in_url = sign_in_url(next_path)

    def document(self, instance: str) -> dict[str, Any]:
        return {**super().document(instance), "sign_in_url": self.sign_in_url}


def routes() -> list[web.RouteDef]:
    """Return the routes of signing in and out."""
    return [
        web.get(SIGN_IN, start, allow_head=False),
        web.get(CALLBACK, finish, allow_head=False),
        web.post(SIGN_OUT, end),
        web.post(BACK_CHANNEL, end_at_provider),
    ]


async def start(request: web.Request) -> web.StreamResponse:
    """Redirect to the provider, or to ``next`` whoever is signed in already."""
    next_path = return_path(request.query.get("next"))
    if await optional_user(request) is not None:
        raise _go(request, next_path)
    begun = begin(next_path)
    try:
        address = await request.app[RELYING_PARTY].authorization_url(begun, _language(request))
    except ProviderUnavailable as error:
        raise SignInProblem(unavailable(error), next_path) from error
    request.app[PENDING].remember(request, begun)
    raise _uncached(web.HTTPSeeOther(address))


async def finish(request: web.Request) -> web.StreamResponse:
    """Take the provider's answer: start a session and redirect to the sign-in's ``next``; raises SignInProblem."""
    state = request.query.get("state", "")
    begun = request.app[PENDING].take(request, state)
    if begun is None:
        next_path = next_of(state)
        # «Back» after signing in, or a second click: nothing to repeat, and nothing in the answer is trusted.
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
    try:
        await _sign_in(request, signed_in)
    except people.AccountErased:
        raise SignInProblem(_expired(), begun.next) from None
    raise _go(request, begun.next)


async def end(request: web.Request) -> web.StreamResponse:
    """Sign out here, which ends all that the session has opened, then at the provider."""
    sid = await request.app[SESSIONS].sid(request)
    id_token = await request.app[SESSIONS].sign_out(request)
    if sid is not None:
        await sessions.end(request.app[DATABASE], sid, "signed_out")
    raise _uncached(web.HTTPSeeOther(await request.app[RELYING_PARTY].sign_out_url(id_token, _language(request))))


async def end_at_provider(request: web.Request) -> web.StreamResponse:
    """Take a logout token of the provider's: 200 once what it names is over, 400 if it does not count.

    OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8.
    """
    settings, provider = request.app[RELYING_PARTY].settings, request.app[RELYING_PARTY].provider
    try:
        token = str((await request.post()).get("logout_token", ""))
        logout = await verify_logout_token(provider, token, settings)
        await sessions.end_at_provider(
            request.app[DATABASE], logout.id, issuer=settings.issuer, subject=logout.subject, sid=logout.sid
        )
    except (InvalidToken, sessions.AlreadyTaken, ValueError) as error:
        log.warning("logout token refused", error=str(error) or "received before")
        reason = str(error) or "this token was received before"
        return _no_store(web.json_response({"error": "invalid_request", "error_description": reason}, status=400))
    except ProviderUnavailable as error:
        raise unavailable(error) from error
    log.info("signed out at the provider", subject=logout.subject, sid=logout.sid)
    return _no_store(web.Response())


async def _sign_in(request: web.Request, signed_in: SignedIn) -> None:
    """Begin the person's session; one of somebody else in this browser is over."""
    db = request.app[DATABASE]
    user = await people.follow(db, signed_in.profile)
    await mail_guests.claim(db, user.id, signed_in.profile.email)
    if (language := request.cookies.get(COOKIE, "")) in LANGUAGES:  # chosen before signing in, so it stays
        await people.choose_locale(db, user.id, language, unless_chosen=True)
    sid = await sessions.begin(db, user.id, signed_in.provider_sid)
    earlier = await request.app[SESSIONS].sid(request)
    if earlier is not None:
        whose = await sessions.user_by_session(db, earlier)
        if whose is not None and whose.id != user.id:
            await sessions.end(db, earlier, "replaced")
    await request.app[SESSIONS].sign_in(request, sid, signed_in.id_token)
    log.info("signed in", user_id=str(user.id))


def _expired() -> Problem:
    return Problem(400, "sign_in_expired", "This sign-in is too old, was used already, or began in another browser.")


def _go(request: web.Request, path: str) -> web.HTTPException:
    # With the site's address in front no path can lead to another site.
    return _uncached(web.HTTPSeeOther(request.app[PUBLIC_URL] + path))


def _uncached(answer: web.HTTPException) -> web.HTTPException:
    _no_store(answer)
    return answer


def _no_store(answer: web.Response) -> web.Response:
    answer.headers[hdrs.CACHE_CONTROL] = "no-store"
    return answer


def _language(request: web.Request) -> str | None:
    """Return the language chosen on our pages, or None; the provider's pages follow it."""
    wanted = request.query.get("lang") or request.cookies.get(COOKIE)
    return wanted if wanted in LANGUAGES else None
