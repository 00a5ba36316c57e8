"""Resume tokens: with one, a reconnect costs no call to the API and no look into Postgres."""

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
HEADERS_KEPT: Final = 16
_TYPE: Final = "resume+jwt"


class InvalidResume(Exception):
    """A token that does not bring anyone back."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Who comes back where.

    ``session`` stays the same over reconnects and began at ``since_ms`` (the partition's clock), by a ticket.
    ``generation`` counts its tokens: the use of one voids those before it.
    """

    room: str
    partition: int
    member: str
    name: str
    role: str
    session: str
    generation: int
    since_ms: int


class _Hmac(HMACAlgorithm):
    """HS256 whose keys were looked at once, when the service started.

    That a key is no certificate and the like, which PyJWT looks at each time, took a third of signing a token.
    """

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
        self._key_of = lru_cache(HEADERS_KEPT)(self._find_key)
        # Claims are none of its business: their only clock is this machine's, and what they hold is looked at below.
        self._jws = jwt.PyJWS(algorithms=[])
        self._jws.register_algorithm("HS256", _Hmac(HMACAlgorithm.SHA256))

    def sign(self, resume: Resume, now_s: float) -> str:
        """Give a token valid for TTL_S from ``now_s`` on, which is the partition's clock and not this machine's."""
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
        }
        headers = {"kid": self._kid, "typ": _TYPE}
        return self._jws.encode(orjson.dumps(claims), self._keys[self._kid], algorithm="HS256", headers=headers)

    def read(self, token: str, now_s: float) -> Resume:
        """Give what a valid token says; raises InvalidResume."""
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
            )
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise InvalidResume(f"the resume token is not valid: {error}") from None

    def _find_key(self, header_part: str) -> bytes:
        """Give the key that a token's header names, which is the same for all tokens of that key."""
        header = self._jws.get_unverified_header(header_part + "..")
        key = self._keys.get(header.get("kid", ""))
        if key is None or header.get("typ") != _TYPE:
            raise InvalidResume("not a resume token of this service")
        return key


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("must be a string")
    return value
