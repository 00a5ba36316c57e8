"""Who is who: OpenID Connect sign-in for pages, bearer tokens for the API, and the session.

Of the rest of the service it knows the accounts (usecases.people) and the languages.
"""

from __future__ import annotations

from aiohttp import web

from api_service.app_keys import DATABASE
from api_service.identity.bearer import Bearer
from api_service.identity.cookies import (
    GUEST_PASSES,
    PENDING,
    SESSIONS,
    GuestPasses,
    PendingSignIns,
    Sessions,
    save_cookies,
)
from api_service.identity.guards import (
    BEARER,
    PUBLIC_ORIGIN,
    SIGN_OUT,
    cross_site_guard,
    current_program,
    current_session,
    current_user,
    current_user_or_guest,
    enter_as_guest,
    optional_guest,
    optional_program,
    optional_user,
    page_user,
    sign_in_url,
)
from api_service.identity.oidc import RelyingParty, return_path
from api_service.identity.programs import Program, Scope
from api_service.identity.provider import Provider, ProviderUnavailable
from api_service.identity.routes import PUBLIC_URL, RELYING_PARTY, SignInProblem, routes
from api_service.identity.settings import IdentitySettings, identity_settings

__all__ = [
    "SIGN_OUT",
    "IdentitySettings",
    "Program",
    "Provider",
    "ProviderUnavailable",
    "Scope",
    "SignInProblem",
    "cross_site_guard",
    "current_program",
    "current_session",
    "current_user",
    "current_user_or_guest",
    "enter_as_guest",
    "identity_settings",
    "optional_guest",
    "optional_program",
    "optional_user",
    "page_user",
    "return_path",
    "save_cookies",
    "setup_identity",
    "sign_in_url",
]


def setup_identity(app: web.Application, settings: IdentitySettings, provider: Provider) -> None:
    """Add sign-in, sessions and bearer tokens to ``app``, which has its DATABASE.

    It needs `save_cookies` outside and `cross_site_guard` inside ``problem_middleware``, and a started ``provider``.
    """
    app[BEARER] = Bearer(settings, provider, app[DATABASE])
    app[SESSIONS] = Sessions(settings.session_key, secure=settings.secure)
    app[GUEST_PASSES] = GuestPasses(settings.session_key, secure=settings.secure)
    app[PENDING] = PendingSignIns(settings.session_key, secure=settings.secure, path=settings.path)
    app[RELYING_PARTY] = RelyingParty(settings, provider)
    app[PUBLIC_ORIGIN] = settings.public_origin
    app[PUBLIC_URL] = settings.public_url
    app.add_routes(routes())
