"""A room without somebody whose account was deleted: nothing names them, and the rest stays as it was."""

from __future__ import annotations

from dataclasses import replace

import orjson

from shared.events.rooms import DELETED_PERSON
from sync_service.room.commands import Ban, ChangeRoom, Mute, ReactToMessage, Revoke, Say, SetRole
from sync_service.room.erasure import NOBODY, without_person
from sync_service.room.state import Gone, State
from tests.unit.sync.rooms import OWNER, applied, empty_room, facts, joined


def full_room() -> State:
    """A room in which Anna has left something everywhere."""
    state = joined(empty_room(), OWNER, "moderator", "anna", "boris")
    for who, text in (("anna", "hers"), ("boris", "his")):
        state = applied(state, Say(by=who, message_id=text, text=text), 900)
    for who in ("anna", "boris"):
        state = applied(state, ReactToMessage(by=who, message=state.messages[1], emoji="🐋"), 900)
    for command in (
        Mute(by="moderator", member_id="anna", seconds=60),
        SetRole(by=OWNER, member_id="anna", role="moderator"),
        Ban(by=OWNER, member_id="anna", version=2, banned=True),
        Revoke(by=OWNER, member_id="anna", version=3, reason="left"),
    ):
        state = applied(state, command, 1_000)
    rights = replace(state.rights, kicked={"anna": 1}, host="anna")
    playback = replace(state.playback, by="anna", waiting_for=("anna", "boris"))
    return replace(state, rights=rights, playback=playback, gone=Gone(5_000, 0, {"anna": (1,)}))


def test_nothing_of_a_person_stays_but_the_mark_that_keeps_their_tickets_void() -> None:
    before = full_room()
    after = without_person(before, "anna", OWNER)

    assert b"anna" in orjson.dumps(replace(before, rights=replace(before.rights, revoked={})))
    assert after.rights.revoked == {"anna": 3}
    rest = orjson.dumps(replace(after, rights=replace(after.rights, revoked={})))
    assert b"anna" not in rest
    assert b"Anna" not in rest


def test_their_messages_are_deleted_ones_of_nobody_and_those_of_others_stay() -> None:
    hers, his = without_person(full_room(), "anna", OWNER).messages

    assert (hers.id, hers.author, hers.text, hers.deleted) == ("hers", NOBODY, "", True)
    assert (his.author["id"], his.text, his.deleted) == ("boris", "his", False)
    assert his.reactions == {"🐋": ("boris",)}
    assert NOBODY["id"] == DELETED_PERSON


def test_an_owner_s_room_is_another_s() -> None:
    before = joined(empty_room(), OWNER, "moderator", "boris")
    before = applied(before, ChangeRoom(version=2, changes={"title": "Olga's evening"}), 1)
    assert without_person(before, "boris", OWNER).meta.title == "Olga's evening"
    after = without_person(before, OWNER, "moderator")

    assert after.rights.owner == "moderator"
    assert after.meta.title is None, "the title is the owner's own text"
    assert after.members["moderator"].role == "owner"
    assert "moderator" not in after.rights.roles
    assert set(after.members) == {"moderator", "boris"}
    facts(after, SetRole(by="moderator", member_id="boris", role="moderator"), 2_000)


def test_the_rest_stays_as_it_was() -> None:
    before = joined(empty_room(), OWNER, "anna", "boris")
    after = without_person(before, "anna", OWNER)

    assert replace(before, members=after.members) == after
    assert after.members["boris"] is before.members["boris"]
