"""Sign-ins under way: each in an encrypted cookie of its own, so that several tabs can be signing in at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from aiohttp import web
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api_service.identity.return_path import HOME, return_path

PREFIX: Final = "movie_together_sign_in_"
PATH: Final = "/auth"
LIFETIME_S: Final = 600
# The oldest gives way to a new one: cookies of abandoned tabs must not outgrow what a request's headers may hold.
LIMIT: Final = 4

_CHANGES = web.RequestKey("_CHANGES", dict)


@dataclass(frozen=True)
class Pending:
    """One sign-in: what the provider must bring back, and the verifier, which it learns only with the code."""

    state: str
    nonce: str
    verifier: str

    @property
    def next(self) -> str:
        """Where the person wanted to go."""
        return next_of(self.state)

    @property
    def challenge(self) -> str:
        """The S256 code challenge of RFC 7636, section 4.2."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())


def begin(next_path: str) -> Pending:
    """Make a sign-in that returns to ``next_path``; `state` carries it, so that a lost cookie loses no place."""
    return Pending(
        state=f"{secrets.token_urlsafe(24)}.{_base64url(next_path.encode())}",
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
    )


def next_of(state: str) -> str:
    """Give the place that ``state`` names. Anyone can make up a state: what comes out is checked like any `next`."""
    _, _, encoded = state.partition(".")
    try:
        return return_path(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    except ValueError:
        return HOME


class PendingSignIns:
    """Keeps pending sign-ins in the browser; ``save`` puts what changed into the answer."""

    def __init__(self, session_secret: bytes, *, secure: bool) -> None:
        # A key of its own, so that neither kind of cookie can pass for the other.
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"movie-together sign-in").derive(session_secret)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))
        self._secure = secure

    def remember(self, request: web.Request, pending: Pending) -> None:
        """Keep ``pending`` in the browser for ``LIFETIME_S``."""
        for name in self._oldest(request.cookies):
            _changes(request)[name] = ""
        sealed = self._fernet.encrypt(json.dumps(asdict(pending)).encode()).decode()
        _changes(request)[_name(pending.state)] = sealed

    def take(self, request: web.Request, state: str) -> Pending | None:
        """Give the sign-in that awaits ``state`` in this browser, once; None if there is none or it is too old."""
        name = _name(state)
        sealed = request.cookies.get(name)
        if sealed is None:
            return None
        _changes(request)[name] = ""
        try:
            pending = Pending(**json.loads(self._fernet.decrypt(sealed.encode(), ttl=LIFETIME_S)))
        except (InvalidToken, ValueError, TypeError):
            return None
        return pending if hmac.compare_digest(pending.state.encode(), state.encode()) else None

    def save(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set and drop cookies as remembered and taken."""
        for name, value in request.get(_CHANGES, {}).items():
            response.set_cookie(
                name,
                value,
                max_age=LIFETIME_S if value else 0,
                path=PATH,
                httponly=True,
                samesite="Lax",
                secure=self._secure,
            )

    def _oldest(self, cookies: Mapping[str, str]) -> list[str]:
        ages = {}
        for name, sealed in cookies.items():
            if name.startswith(PREFIX):
                try:
                    ages[name] = self._fernet.extract_timestamp(sealed.encode())
                except (InvalidToken, ValueError):
                    ages[name] = 0
        keep = LIMIT - 1
        return sorted(ages, key=lambda name: ages[name], reverse=True)[keep:]


def _changes(request: web.Request) -> dict[str, str]:
    changes: dict[str, str] = request.setdefault(_CHANGES, {})
    return changes


def _name(state: str) -> str:
    return PREFIX + hashlib.sha256(state.encode()).hexdigest()[:16]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
