"""The signed-in session: an encrypted cookie that holds who it is, and the hint with which the provider signs out."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import structlog
from aiohttp import web
from aiohttp_session import Session, get_session, new_session
from aiohttp_session.cookie_storage import EncryptedCookieStorage

from api_service.identity.settings import IdentitySettings, session_secret

log = structlog.get_logger(__name__)

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


def session_storage(settings: IdentitySettings) -> SessionStorage:
    """Give the storage of sessions; raises SettingsError."""
    return SessionStorage(
        session_secret(settings),
        cookie_name=COOKIE,
        max_age=MAX_AGE_S,
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )


async def sign_in(request: web.Request, user_id: UUID, id_token: str) -> None:
    """Start a new session; whatever the browser had before is gone, so a session planted earlier gains nothing."""
    session = await new_session(request)
    session[_USER] = str(user_id)
    if len(id_token) <= HINT_BYTES:
        session[_HINT] = id_token


async def sign_out(request: web.Request) -> str | None:
    """End the session and give the ID token it held, if any."""
    session = await get_session(request)
    hint = session.get(_HINT)
    session.invalidate()
    return hint if isinstance(hint, str) else None


async def session_user_id(request: web.Request) -> UUID | None:
    """Give the key of the account that this session belongs to, or None."""
    session: Session = await get_session(request)
    try:
        return UUID(session[_USER])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
