"""Resume tokens: with one, a reconnect costs no call to the API and no look into Postgres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from jwt.types import Options

TTL_S: Final = 600
RENEW_S: Final = 300
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


class ResumeTokens:
    """Signs with the first key, verifies by any (HS256, RFC 7518): {kid: at least 32 bytes}."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self._kid = next(iter(keys))

    def sign(self, resume: Resume, now_s: float) -> str:
        """Give a token valid for TTL_S from ``now_s`` on, which is the partition's clock and not this machine's."""
        claims: dict[str, Any] = {
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
        return jwt.encode(claims, self._keys[self._kid], algorithm="HS256", headers={"kid": self._kid, "typ": _TYPE})

    def read(self, token: str, now_s: float) -> Resume:
        """Give what a valid token says; raises InvalidResume."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(header.get("kid", ""))
            if key is None or header.get("typ") != _TYPE:
                raise InvalidResume("not a resume token of this service")
            options: Options = {"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False}
            claims = jwt.decode(token, key, algorithms=["HS256"], options=options)
            if not int(claims["exp"]) > now_s:
                raise InvalidResume("the resume token has expired")
            return Resume(
                room=claims["room"],
                partition=claims["partition"],
                member=claims["sub"],
                name=claims["name"],
                role=claims["role"],
                session=claims["session"],
                generation=claims["generation"],
                since_ms=claims["since_ms"],
            )
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise InvalidResume(f"the resume token is not valid: {error}") from None
