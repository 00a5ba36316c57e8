"""Who is who: OpenID Connect sign-in for pages, bearer tokens for the API, and the session between.

Handlers learn here who is asking. It knows people and the provider, and nothing of rooms or films.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

from api_service.identity.accounts import Accounts, Profile, User
from api_service.identity.bearer import Bearer
from api_service.identity.cookies import cookies
from api_service.identity.cross_site import cross_site_guard
from api_service.identity.guards import ACCOUNTS, BEARER, SESSIONS, current_user, optional_user, page_user, sign_in_url
from api_service.identity.oidc import RelyingParty
from api_service.identity.pending import PendingSignIns
from api_service.identity.provider import Provider
from api_service.identity.routes import PENDING, PUBLIC_ORIGIN, RELYING_PARTY, SIGN_OUT, SignInProblem, routes
from api_service.identity.session import Sessions
from api_service.identity.settings import IdentitySettings, check_addresses, identity_settings, session_secret

__all__ = [
    "SIGN_OUT",
    "Accounts",
    "IdentitySettings",
    "Profile",
    "SignInProblem",
    "User",
    "current_user",
    "identity_settings",
    "optional_user",
    "page_user",
    "setup_identity",
    "sign_in_url",
]


def setup_identity(app: web.Application, settings: IdentitySettings, accounts: Accounts) -> None:
    """Add sign-in, sessions, bearer tokens and the guard against other sites to ``app``.

    Call it when ``problem_middleware`` is already among the middlewares: what is refused here leaves as a Problem.
    Raises SettingsError.
    """
    check_addresses(settings)
    sessions = Sessions(settings)
    pending = PendingSignIns(session_secret(settings), secure=settings.secure)
    # Outermost, so that errors too carry cookies: a sign-in that failed is used up.
    app.middlewares.insert(0, cookies(sessions, pending))
    app.middlewares.append(cross_site_guard(settings.public_origin))

    async def connected(app: web.Application) -> AsyncIterator[None]:
        # No connection is kept: a code is redeemed by a POST, which is not repeated when a kept one turns out dead.
        async with ClientSession(connector=TCPConnector(force_close=True), cookie_jar=DummyCookieJar()) as http:
            provider = Provider(settings, http)
            app[RELYING_PARTY] = RelyingParty(settings, provider)
            app[BEARER] = Bearer(settings, provider, accounts)
            yield

    app[ACCOUNTS] = accounts
    app[SESSIONS] = sessions
    app[PENDING] = pending
    app[PUBLIC_ORIGIN] = settings.public_origin
    app.cleanup_ctx.append(connected)
    app.add_routes(routes())
