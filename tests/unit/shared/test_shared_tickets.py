from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.tickets import LEEWAY_S, TTL_S, InvalidTicket, Minter, Verifier

SEED = b"s" * 32
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
USER = {"id": str(uuid4()), "name": "Аня", "role": "viewer"}
ROOM: dict[str, Any] = {
    "id": str(uuid4()),
    "code": "abc",
    "version": 1,
    "partition": 7,
    "owner": str(uuid4()),
    "film": {"id": str(uuid4()), "title": "Ночной поезд", "duration_ms": 90_000},
    "access": "link",
    "control": "everyone",
    "capacity": 50,
    "starts_at": None,
    "settings": {},
}

minter = Minter("k1", SEED)
verifier = Verifier({"k1": PUBLIC})


def test_a_minted_ticket_verifies_and_carries_its_claims() -> None:
    restore, before_s = {"position_ms": 5.5, "epoch": 2, "seq": 9}, time.time()
    ticket = verifier.verify(minter.mint(user=USER, room=ROOM, restore=restore, sid="a session"), time.time())

    assert (ticket.user, ticket.room, ticket.restore) == (USER, ROOM, {"position_ms": 5.5, "epoch": 2, "seq": 9})
    assert ticket.sid == "a session"
    assert verifier.verify(minter.mint(user=USER, room=ROOM), time.time()).sid == ""
    assert before_s - 1 < ticket.expires_at - TTL_S <= time.time() + 1


def test_every_ticket_has_its_own_id() -> None:
    assert len({verifier.verify(minter.mint(user=USER, room=ROOM), time.time()).jti for _ in range(20)}) == 20


def test_a_ticket_expires() -> None:
    minted_s = 1_000_000
    ticket = minter.mint(user=USER, room=ROOM, now_s=minted_s)

    assert verifier.verify(ticket, minted_s + TTL_S + LEEWAY_S - 1).user == USER
    with pytest.raises(InvalidTicket, match="expired") as refusal:
        verifier.verify(ticket, minted_s + TTL_S + LEEWAY_S)
    assert refusal.value.code == "ticket_expired"


def test_a_ticket_of_the_future_is_not_valid_yet() -> None:
    minted_s = 1_000_000
    ticket = minter.mint(user=USER, room=ROOM, now_s=minted_s)

    assert verifier.verify(ticket, minted_s - LEEWAY_S).user == USER
    with pytest.raises(InvalidTicket, match="not valid yet") as refusal:
        verifier.verify(ticket, minted_s - LEEWAY_S - 1)
    assert refusal.value.code == "ticket_invalid"


def test_keys_can_be_rotated() -> None:
    newer = Minter("k2", b"n" * 32)
    token = newer.mint(user=USER, room=ROOM)

    with pytest.raises(InvalidTicket, match="key"):
        verifier.verify(token, time.time())
    other = Ed25519PrivateKey.from_private_bytes(b"n" * 32).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert Verifier({"k1": PUBLIC, "k2": other}).verify(token, time.time()).user == USER


def claims(**changes: Any) -> dict[str, Any]:
    good = jwt.decode(minter.mint(user=USER, room=ROOM), options={"verify_signature": False})
    return {key: value for key, value in {**good, **changes}.items() if value is not ...}


def signed(payload: dict[str, Any], *, typ: str = "join+jwt", kid: str = "k1") -> str:
    return jwt.encode(payload, PRIVATE, algorithm="EdDSA", headers={"kid": kid, "typ": typ})


def unsigned() -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'join+jwt', 'kid': 'k1'})}.{part(claims())}."


FORGERIES: dict[str, Callable[[], str]] = {
    "not a token": lambda: "abc",
    "no signature": unsigned,
    "the public key used as a shared secret": lambda: jwt.encode(
        claims(), PUBLIC, algorithm="HS256", headers={"kid": "k1", "typ": "join+jwt"}
    ),
    "signed by another key under a known kid": lambda: Minter("k1", b"x" * 32).mint(user=USER, room=ROOM),
    "a token of another type": lambda: signed(claims(), typ="JWT"),
    "for another audience": lambda: signed(claims(aud="api_service")),
    "from another issuer": lambda: signed(claims(iss="somebody")),
    "without an end": lambda: signed(claims(exp=...)),
    "with an end that is no number": lambda: signed(claims(exp="never")),
    "without an id": lambda: signed(claims(jti=...)),
    "with an id that is no UUID": lambda: signed(claims(jti="once")),
    "without a room": lambda: signed(claims(room=...)),
    "with a role that does not exist": lambda: signed(claims(user={**USER, "role": "king"})),
}


def test_the_hand_signed_ticket_that_forgeries_start_from_is_good() -> None:
    assert verifier.verify(signed(claims()), time.time()).user == USER


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_ticket_is_refused(forgery: str) -> None:
    with pytest.raises(InvalidTicket) as refusal:
        verifier.verify(FORGERIES[forgery](), time.time())
    assert refusal.value.code == "ticket_invalid"


def test_a_room_that_was_good_before_is_looked_at_again_when_anything_of_it_has_changed() -> None:
    assert verifier.verify(signed(claims()), time.time()).room == ROOM
    assert verifier.verify(signed(claims(room={**ROOM, "version": 2})), time.time()).room["version"] == 2
    with pytest.raises(InvalidTicket):
        verifier.verify(signed(claims(room={**ROOM, "capacity": 0})), time.time())
    assert verifier.verify(signed(claims()), time.time()).room == ROOM


def test_the_minter_refuses_claims_that_would_not_open_the_door() -> None:
    with pytest.raises(ValueError, match="capacity"):
        minter.mint(user=USER, room={**ROOM, "capacity": 0})
