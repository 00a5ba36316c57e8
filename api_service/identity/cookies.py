"""What browsers keep, encrypted: the session's id, each sign-in under way, and who is a guest in which room.

Handlers read and change them on the request; the middleware `save_cookies` writes what changed into the answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp_session import Session
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api_service.identity.oidc import Pending
from api_service.usecases import room_guests
from api_service.usecases.sessions import LIFETIME

SESSION_COOKIE: Final = "movie_together_session"
SESSION_LIFETIME_S: Final = int(LIFETIME.total_seconds())
# Browsers drop a cookie over 4 KiB whole, and with it the session; encryption adds a third.
HINT_BYTES: Final = 2048

PENDING_PREFIX: Final = "movie_together_sign_in_"
PENDING_PATH: Final = "/auth"
PENDING_LIFETIME_S: Final = 600
# A new one replaces the oldest: cookies of abandoned tabs must not outgrow what a request's headers may hold.
MOST_PENDING: Final = 4

GUEST_PREFIX: Final = "movie_together_guest_"
GUEST_LIFETIME_S: Final = int(room_guests.LIFETIME.total_seconds())

_SID = "sid"
_HINT = "id_token"
_SESSION: Final = web.RequestKey("_SESSION", Session)
_CHANGES: Final = web.RequestKey("_CHANGES", dict)
_GIVEN: Final = web.RequestKey("_GIVEN", dict)


class SessionStorage(EncryptedCookieStorage):
    """aiohttp-session's encrypted cookie; one with bytes that are no text counts as none instead of failing."""

    def load_cookie(self, request: web.Request) -> str | None:
        cookie = super().load_cookie(request)
        return cookie if cookie is not None and cookie.isascii() else None


class Sessions:
    """The signed-in session: its id (usecases/sessions.py), and the ID token that ends the provider's session too.

    Each request's session is read when first asked for. aiohttp-session's own middleware keeps things under string
    keys, of which aiohttp warns.
    """

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._storage = SessionStorage(
            key,
            cookie_name=SESSION_COOKIE,
            max_age=SESSION_LIFETIME_S,
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )

    async def sign_in(self, request: web.Request, sid: UUID, id_token: str) -> None:
        """Have the browser keep this session and no earlier one, so that one planted before gains nothing."""
        session = request[_SESSION] = await self._storage.new_session()
        session[_SID] = str(sid)
        if len(id_token) <= HINT_BYTES:
            session[_HINT] = id_token

    async def sign_out(self, request: web.Request) -> str | None:
        """Have the browser forget its session and return its ID token, if it had one."""
        session = await self._session(request)
        hint = session.get(_HINT)
        session.invalidate()
        return hint if isinstance(hint, str) else None

    async def sid(self, request: web.Request) -> UUID | None:
        """Return the id of the browser's session, which may have been ended, or None if it has none."""
        session = await self._session(request)
        try:
            return UUID(session[_SID])
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


class PendingSignIns:
    """Sign-ins under way, each in a cookie of its own, so that several tabs can be signing in at once."""

    def __init__(self, session_key: bytes, *, secure: bool, path: str = "") -> None:
        self._path = path + PENDING_PATH
        self._fernet = _derived(session_key, b"movie-together sign-in")
        self._secure = secure

    def remember(self, request: web.Request, pending: Pending) -> None:
        """Keep ``pending`` in the browser for ``PENDING_LIFETIME_S``."""
        for name in self._oldest(request.cookies):
            _changes(request)[name] = ""
        sealed = self._fernet.encrypt(json.dumps(asdict(pending)).encode()).decode()
        _changes(request)[_name(pending.state)] = sealed

    def take(self, request: web.Request, state: str) -> Pending | None:
        """Return this browser's sign-in with ``state`` and drop it; None if there is none or it is too old."""
        name = _name(state)
        sealed = request.cookies.get(name)
        if sealed is None:
            return None
        _changes(request)[name] = ""
        try:
            pending = Pending(**json.loads(self._fernet.decrypt(sealed.encode(), ttl=PENDING_LIFETIME_S)))
        except (InvalidToken, ValueError, TypeError):
            return None
        return pending if hmac.compare_digest(pending.state.encode(), state.encode()) else None

    def save(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set the cookies of remembered sign-ins and drop those of taken ones."""
        for name, value in request.get(_CHANGES, {}).items():
            response.set_cookie(
                name,
                value,
                max_age=PENDING_LIFETIME_S if value else 0,
                path=self._path,
                httponly=True,
                samesite="Lax",
                secure=self._secure,
            )

    def _oldest(self, cookies: Mapping[str, str]) -> list[str]:
        ages = {}
        for name, sealed in cookies.items():
            if name.startswith(PENDING_PREFIX):
                try:
                    ages[name] = self._fernet.extract_timestamp(sealed.encode())
                except (InvalidToken, ValueError):
                    ages[name] = 0
        keep = MOST_PENDING - 1
        return sorted(ages, key=lambda name: ages[name], reverse=True)[keep:]


class GuestPasses:
    """Whom a browser is in rooms that it entered without an account: a cookie for each room, encrypted, for a day."""

    def __init__(self, session_key: bytes, *, secure: bool) -> None:
        self._fernet = _derived(session_key, b"movie-together guest")
        self._secure = secure

    def give(self, request: web.Request, code: str, guest_id: UUID) -> None:
        """Have the browser keep that it is this guest in the room ``code``."""
        sealed = self._fernet.encrypt(json.dumps([code, str(guest_id)]).encode()).decode()
        request.setdefault(_GIVEN, {})[_guest_cookie(code)] = sealed

    def find(self, request: web.Request, code: str) -> UUID | None:
        """Return which guest the browser is in this room, None if none or if that was a day ago."""
        sealed = request.cookies.get(_guest_cookie(code), "")
        try:
            room, guest_id = json.loads(self._fernet.decrypt(sealed.encode(), ttl=GUEST_LIFETIME_S))
            return UUID(guest_id) if room == code else None
        except (InvalidToken, ValueError, TypeError, AttributeError):
            return None

    def save(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set the cookies of rooms that were entered."""
        for name, value in request.get(_GIVEN, {}).items():
            response.set_cookie(
                name, value, max_age=GUEST_LIFETIME_S, path="/", httponly=True, samesite="Lax", secure=self._secure
            )


SESSIONS: Final = web.AppKey("SESSIONS", Sessions)
GUEST_PASSES: Final = web.AppKey("GUEST_PASSES", GuestPasses)
PENDING: Final = web.AppKey("PENDING", PendingSignIns)


@web.middleware
async def save_cookies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Save what the request changed of sessions and pending sign-ins, in redirects and errors too."""
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        await _save(request, answer)
        raise
    if not response.prepared:
        await _save(request, response)
    return response


async def _save(request: web.Request, response: web.StreamResponse) -> None:
    await request.app[SESSIONS].save(request, response)
    request.app[PENDING].save(request, response)
    request.app[GUEST_PASSES].save(request, response)


def _changes(request: web.Request) -> dict[str, str]:
    changes: dict[str, str] = request.setdefault(_CHANGES, {})
    return changes


def _name(state: str) -> str:
    return PENDING_PREFIX + hashlib.sha256(state.encode()).hexdigest()[:16]


def _guest_cookie(code: str) -> str:
    return GUEST_PREFIX + hashlib.sha256(code.encode()).hexdigest()[:16]


def _derived(session_key: bytes, kind: bytes) -> Fernet:
    """Return a key of its own for a kind of cookie, so that none is accepted as one of another kind."""
    return Fernet(base64.urlsafe_b64encode(HKDF(SHA256(), length=32, salt=None, info=kind).derive(session_key)))
