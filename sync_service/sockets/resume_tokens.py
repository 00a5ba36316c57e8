"""Resume tokens: a client reconnects with one, without the API and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jwt
import orjson
from jwt.algorithms import HMACAlgorithm

TTL_S: Final = 600
RENEW_S: Final = 300
HEADERS_CACHED: Final = 16
_TYPE: Final = "resume+jwt"


class InvalidResume(Exception):
    """The token is not valid, or the session has ended."""


@dataclass(frozen=True, slots=True)
class Resume:
    """A token's claims: the member and the room.

    ``session`` stays the same over reconnects and began with a ticket at ``since_ms`` (the partition's clock).
    ``generation`` counts its tokens: using one voids those before it. ``version`` is the room's in the
    ticket; ``sid`` is the session of the API that the ticket named, "" if none. A ``guest`` has no account.
    """

    room: str
    partition: int
    member: str
    name: str
    role: str
    session: str
    generation: int
    since_ms: int
    version: int = 0
    sid: str = ""
    guest: bool = False


class _Hmac(HMACAlgorithm):
    """HS256 with keys that were checked once, at start: PyJWT's checks at each use took a third of signing a token."""

    def prepare_key(self, key: str | bytes) -> bytes:
        return key if isinstance(key, bytes) else key.encode()

    def check_key_length(self, key: bytes) -> str | None:
        return None


class ResumeTokens:
    """Signs with the first key, verifies by any (HS256, RFC 7518): {kid: at least 32 bytes}."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        once = HMACAlgorithm(HMACAlgorithm.SHA256)
        self._keys = {kid: once.prepare_key(key) for kid, key in keys.items()}
        self._kid = next(iter(keys))
        self._key_of = lru_cache(HEADERS_CACHED)(self._find_key)
        # The signature only: PyJWT checks claims by this machine's clock, ``read`` by the partition's.
        self._jws = jwt.PyJWS(algorithms=[])
        self._jws.register_algorithm("HS256", _Hmac(HMACAlgorithm.SHA256))

    def sign(self, resume: Resume, now_s: float) -> str:
        """Return a token that is valid for TTL_S from ``now_s``, by the partition's clock and not this machine's."""
        claims = {
            "exp": int(now_s) + TTL_S,
            "room": resume.room,
            "partition": resume.partition,
            "sub": resume.member,
            "name": resume.name,
            "role": resume.role,
            "session": resume.session,
            "generation": resume.generation,
            "since_ms": resume.since_ms,
            "version": resume.version,
            "sid": resume.sid,
            "guest": resume.guest,
        }
        headers = {"kid": self._kid, "typ": _TYPE}
        return self._jws.encode(orjson.dumps(claims), self._keys[self._kid], algorithm="HS256", headers=headers)

    def read(self, token: str, now_s: float) -> Resume:
        """Return the claims of a valid token; raises InvalidResume."""
        try:
            key = self._key_of(token.partition(".")[0])
            claims = orjson.loads(self._jws.decode(token, key, algorithms=["HS256"]))
            if not int(claims["exp"]) > now_s:
                raise InvalidResume("the resume token has expired")
            return Resume(
                room=_text(claims["room"]),
                partition=int(claims["partition"]),
                member=_text(claims["sub"]),
                name=_text(claims["name"]),
                role=_text(claims["role"]),
                session=_text(claims["session"]),
                generation=int(claims["generation"]),
                since_ms=int(claims["since_ms"]),
                version=int(claims.get("version", 0)),
                sid=_text(claims.get("sid", "")),
                guest=claims.get("guest", False) is True,
            )
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise InvalidResume(f"the resume token is not valid: {error}") from None

    def _find_key(self, header_part: str) -> bytes:
        """Return the key that a token's header names; headers are the same for all tokens of a key."""
        header = self._jws.get_unverified_header(header_part + "..")
        key = self._keys.get(header.get("kid", ""))
        if key is None or header.get("typ") != _TYPE:
            raise InvalidResume("not a resume token of this service")
        return key


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("must be a string")
    return value
