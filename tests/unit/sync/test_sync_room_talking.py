"""The chat: where the film was, slow mode, replies, and taking messages back."""

from __future__ import annotations

from sync_service.room.chat import may_speak
from sync_service.room.commands import ChangeSettings, DeleteMessage, Pause, Say
from sync_service.room.events import MessageDeleted
from sync_service.room.state import MESSAGES_KEPT, Message
from tests.unit.sync.rooms import OWNER, applied, empty_room, fact, facts, joined, playing, refusal, refused


def test_a_message_carries_where_the_film_is() -> None:
    room = applied(playing("anna"), Say(by="anna", message_id="m", text="look", reply_to="n"), 10_150)
    assert room.messages == (
        Message("m", {"id": "anna", "name": "Anna"}, "look", 10_000, 10_150, reply_to="n", deleted=False),
    )
    room = applied(applied(room, Pause(by="anna"), 10_150), Say(by="anna", message_id="o", text="!"), 99_000)
    assert room.messages[-1].position_ms == 10_000


def test_a_room_keeps_the_last_messages() -> None:
    room = joined(empty_room(), "anna")
    for n in range(MESSAGES_KEPT + 10):
        room = applied(room, Say(by="anna", message_id=str(n), text="x"), n)
    assert [message.id for message in room.messages] == [str(n) for n in range(10, MESSAGES_KEPT + 10)]


def test_slow_mode_gives_everybody_their_turn_and_says_when() -> None:
    room = joined(empty_room(slow_mode_s=30), "anna", "boris")
    room = applied(room, Say(by="anna", message_id="1", text="x"), 1_000)
    facts(room, Say(by="boris", message_id="2", text="x"), 1_001)
    told = refused(room, Say(by="anna", message_id="3", text="x"), 11_000)
    assert (told.code, told.retry_after_ms) == ("slow_mode", 20_000)
    assert refusal(room, Say(by="anna", message_id="3", text="x"), 30_999) == "slow_mode"
    facts(room, Say(by="anna", message_id="3", text="x"), 31_000)


def test_slow_mode_is_found_out_behind_everybody_elses_messages() -> None:
    room = joined(empty_room(slow_mode_s=300), "anna", *(f"m{n}" for n in range(MESSAGES_KEPT - 1)))
    room = applied(room, Say(by="anna", message_id="1", text="x"), 1_000)
    for n in range(MESSAGES_KEPT - 1):
        room = applied(room, Say(by=f"m{n}", message_id=f"{n}", text="x"), 1_001)
    assert refusal(room, Say(by="anna", message_id="2", text="x"), 2_000) == "slow_mode"


def test_a_message_that_was_taken_back_counts_for_slow_mode() -> None:
    room = applied(joined(empty_room(slow_mode_s=30), "anna"), Say(by="anna", message_id="1", text="x"), 1_000)
    room = applied(room, DeleteMessage(by="anna", message=room.messages[0]), 1_001)
    assert refusal(room, Say(by="anna", message_id="2", text="x"), 2_000) == "slow_mode"


def test_slow_mode_is_not_for_those_who_keep_order() -> None:
    room = joined(empty_room(slow_mode_s=30), OWNER, "moderator")
    for n, member in enumerate([OWNER, "moderator"] * 3):
        room = applied(room, Say(by=member, message_id=str(n), text="x"), 1_000)


def test_slow_mode_counts_from_what_was_said_before_it() -> None:
    room = applied(joined(empty_room(), "moderator", "anna"), Say(by="anna", message_id="1", text="x"), 1_000)
    room = applied(room, ChangeSettings(by="moderator", changes={"slow_mode_s": 10}), 2_000)
    assert refusal(room, Say(by="anna", message_id="2", text="x"), 5_000) == "slow_mode"


def test_a_deleted_message_keeps_its_place_and_loses_its_text() -> None:
    room = applied(joined(empty_room(), "moderator", "anna"), Say(by="anna", message_id="1", text="secret"), 1_000)
    room = applied(room, Say(by="anna", message_id="2", text="x", reply_to="1"), 1_001)
    deleted = fact(room, DeleteMessage(by="moderator", id="9", message=room.messages[0]), 5, MessageDeleted)
    assert (deleted.message_id, deleted.by, deleted.command) == ("1", "moderator", "9")
    room = applied(room, DeleteMessage(by="moderator", message=room.messages[0]), 5)
    first, second = room.messages
    assert (first.id, first.text, first.deleted, first.author["id"]) == ("1", "", True, "anna")
    assert (second.text, second.reply_to) == ("x", "1")


def test_to_delete_twice_is_no_change() -> None:
    room = applied(joined(empty_room(), "anna"), Say(by="anna", message_id="1", text="x"), 1_000)
    found = room.messages[0]
    room = applied(room, DeleteMessage(by="anna", message=found), 5)
    # What the store was asked for before is old news: the room's own copy counts.
    assert facts(room, DeleteMessage(by="anna", message=found), 6) == ()


def test_a_message_from_long_ago_is_deleted_as_it_was_found() -> None:
    room = joined(empty_room(), "anna", "boris")
    old = Message("old", {"id": "anna", "name": "Anna"}, "x", 0, 0)
    assert fact(room, DeleteMessage(by="anna", message=old), 5, MessageDeleted).message_id == "old"
    assert refusal(room, DeleteMessage(by="boris", message=old), 5) == "forbidden"


def test_signs_are_for_those_who_may_speak() -> None:
    assert may_speak(joined(empty_room(), "guest"), "guest", 5) is None
    told = may_speak(empty_room(), "guest", 5)
    assert told is not None
    assert told.code == "not_a_member"
