"""The join ticket: api_service mints it, sync_service verifies it, and its bearer may enter one room once.

A JWT (RFC 7519) signed with EdDSA (RFC 8037), valid for 30 s, long enough for a page to open its socket; sync_service
spends its ``jti`` in the same step as the join, so a used ticket that leaks is worth nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from uuid_utils import uuid7

from shared.events.invitations import PersonSchema
from shared.events.rooms import RoomSchema
from shared.json_fields import TrueOrFalse

TTL_S: Final = 30
LEEWAY_S: Final = 5  # between the two services' clocks, which both run NTP
ISSUER: Final = "api_service"
AUDIENCE: Final = "sync_service"
TYPE: Final = "join+jwt"
SID_CHARACTERS: Final = 64
ROLES: Final = ("owner", "moderator", "viewer", "guest")
HEADERS_CACHED: Final = 16
ROOMS_CACHED: Final = 1_024


class InvalidTicket(Exception):
    """A ticket that is refused; ``code`` is ``ticket_expired`` or ``ticket_invalid``."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ticket:
    """A verified ticket.

    ``issued_ms`` is of the API's clock; ``user`` {id, name, role, guest}, ``guest`` missing or false for whoever has an
    account; ``room`` as events.RoomSchema; ``restore`` {position_ms, epoch, seq, length_ms} or None, ``length_ms`` None
    or missing unless the room's players had agreed on one; ``sid`` is the session of the API that the ticket was made
    for, "" if none: what the ticket opens ends with it.
    """

    jti: str
    issued_ms: int
    expires_at: int
    user: dict[str, Any]
    room: dict[str, Any]
    restore: dict[str, Any] | None
    sid: str = ""


class _UserSchema(PersonSchema):
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    guest = TrueOrFalse(metadata={"description": "Whether they have no account."})


class _RestoreSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    position_ms = fields.Float(required=True, validate=validate.Range(min=0))
    epoch = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    seq = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    length_ms = fields.Integer(allow_none=True, strict=True, validate=validate.Range(min=1))


class _ClaimsSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    user = fields.Nested(_UserSchema, required=True)
    room = fields.Nested(RoomSchema, required=True)
    restore = fields.Nested(_RestoreSchema, required=True, allow_none=True)
    sid = fields.String(load_default="", dump_default="", validate=validate.Length(max=SID_CHARACTERS))


_CLAIMS: Final = _ClaimsSchema()
_OWN_CLAIMS: Final = _ClaimsSchema(exclude=("room",))
_ROOM: Final = RoomSchema()


@lru_cache(ROOMS_CACHED)
def _check_room(room: bytes) -> None:
    """Check a ticket's room, as JSON, cached for all tickets with the same room; raises ValidationError."""
    _ROOM.load(orjson.loads(room))


class Minter:
    """Signs join tickets with one key: (kid, 32-byte Ed25519 seed)."""

    def __init__(self, kid: str, seed: bytes) -> None:
        self._kid = kid
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def mint(
        self,
        *,
        user: Mapping[str, Any],
        room: Mapping[str, Any],
        restore: Mapping[str, Any] | None = None,
        sid: str = "",
        now_s: float | None = None,
    ) -> str:
        """Return a signed ticket for one person and one room, valid for TTL_S from ``now_s`` (default: now).

        Raises ValueError for claims that do not fit the ticket.
        """
        issued_ms = int((time.time() if now_s is None else now_s) * 1000)
        issued_at = issued_ms // 1000
        claims = _CLAIMS.dump({"user": user, "room": room, "restore": restore, "sid": sid})
        if errors := _CLAIMS.validate(claims):
            raise ValueError(f"claims do not fit the ticket: {errors}")
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": claims["user"]["id"],
                "iat": issued_at,
                "issued_ms": issued_ms,
                "exp": issued_at + TTL_S,
                "jti": str(uuid7()),
                **claims,
            },
            self._key,
            algorithm="EdDSA",
            headers={"kid": self._kid, "typ": TYPE},
        )


class Verifier:
    """Verifies join tickets; ``keys`` is {kid: 32-byte Ed25519 public key}, several while keys are rotated."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {kid: Ed25519PublicKey.from_public_bytes(raw) for kid, raw in keys.items()}
        self._key_of = lru_cache(HEADERS_CACHED)(self._find_key)

    def verify(self, token: str, now_s: float) -> Ticket:
        """Return the ticket if signature, type, issuer, audience, lifetime and claims are good; raises InvalidTicket.

        ``now_s`` is the clock of the room's store, so that a node with a wrong clock decides as all others do.
        """
        try:
            claims = jwt.decode(
                token,
                self._key_of(token.partition(".")[0]),
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": ["exp", "iat", "jti", "iss", "aud"],
                    # PyJWT would use this machine's clock.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            _check_lifetime(claims, now_s)
        except jwt.InvalidTokenError as error:
            raise InvalidTicket("ticket_invalid", f"the ticket is not valid: {error}") from None
        try:
            _OWN_CLAIMS.load(claims)
            room = orjson.dumps(claims["room"])
            _check_room(room)
            UUID(claims["jti"])
            # ``iat`` counts seconds, and a kick may come in the middle of one: the next ticket is younger than that.
            issued_ms = int(claims.get("issued_ms", claims["iat"] * 1000))
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            raise InvalidTicket("ticket_invalid", f"the ticket's claims are not valid: {error}") from None
        sid = claims.get("sid", "")
        return Ticket(
            claims["jti"], issued_ms, claims["exp"], claims["user"], orjson.loads(room), claims["restore"], sid
        )

    def _find_key(self, header_part: str) -> Ed25519PublicKey:
        """Return the key named by a ticket's encoded header; all tickets of a key have the same header."""
        header = jwt.get_unverified_header(header_part + "..")
        key = self._keys.get(header.get("kid", ""))
        if key is None or header.get("typ") != TYPE:
            raise InvalidTicket("ticket_invalid", "the ticket is signed by a key that is not known here")
        return key


def _check_lifetime(claims: Mapping[str, Any], now_s: float) -> None:
    try:
        issued_at, expires_at = int(claims["iat"]), int(claims["exp"])
    except (TypeError, ValueError, OverflowError):
        raise InvalidTicket("ticket_invalid", "the ticket's iat and exp must be integers") from None
    if expires_at <= now_s - LEEWAY_S:
        raise InvalidTicket("ticket_expired", "the ticket has expired: ask for a new one")
    if issued_at > now_s + LEEWAY_S:
        raise InvalidTicket("ticket_invalid", "the ticket is not valid yet: it was issued in the future")
