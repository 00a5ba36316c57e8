"""The chat: where the film was, slow mode, replies, and taking messages back."""

from __future__ import annotations

from sync_service.room.chat import ALIKE_MOST, EDITABLE_MS, EMOJIS_MOST, may_speak
from sync_service.room.commands import ChangeSettings, DeleteMessage, EditMessage, Mute, Pause, ReactToMessage, Say
from sync_service.room.events import MessageDeleted, MessageEdited
from sync_service.room.state import MESSAGES_KEPT, Message, State
from tests.unit.sync.rooms import OWNER, applied, empty_room, fact, facts, joined, playing, refusal, refused


def test_a_message_carries_where_the_film_is() -> None:
    room = applied(playing("anna"), Say(by="anna", message_id="m", text="look", reply_to="n"), 10_150)
    assert room.messages == (
        Message("m", {"id": "anna", "name": "Anna"}, "look", 10_000, 10_150, reply_to="n", film_id="film"),
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


# --- editing ---


def talked(*people: str) -> State:
    """A room in which the first of these people has said something at 1,000 ms."""
    return applied(
        joined(empty_room(), OWNER, "moderator", *people), Say(by=people[0], message_id="1", text="x"), 1_000
    )


def test_what_one_has_written_one_writes_anew() -> None:
    room = talked("anna")
    command = EditMessage(by="anna", id="7", message=room.messages[0], text="y")
    event = fact(room, command, 2_000, MessageEdited)
    assert (event.by, event.command, event.message_id, event.text) == ("anna", "7", "1", "y")
    (message,) = applied(room, command, 2_000).messages
    assert (message.text, message.edited_ms, message.sent_ms, message.position_ms) == ("y", 2_000, 1_000, 0)


def test_to_write_the_same_again_is_no_change() -> None:
    room = talked("anna")
    assert facts(room, EditMessage(by="anna", message=room.messages[0], text="x"), 2_000) == ()


def test_a_message_is_its_authors_alone_to_edit() -> None:
    room = talked("anna")
    for other in (OWNER, "moderator"):
        assert refusal(room, EditMessage(by=other, message=room.messages[0], text="y"), 2_000) == "forbidden"


def test_a_message_is_edited_for_five_minutes() -> None:
    room = talked("anna")
    command = EditMessage(by="anna", message=room.messages[0], text="y")
    facts(room, command, 1_000 + EDITABLE_MS - 1)
    assert refusal(room, command, 1_000 + EDITABLE_MS) == "too_late_to_edit"


def test_who_may_not_speak_does_not_edit_either() -> None:
    room = talked("anna")
    message = room.messages[0]
    room = applied(room, Mute(by=OWNER, member_id="anna", seconds=60), 1_500)
    assert refusal(room, EditMessage(by="anna", message=message, text="y"), 2_000) == "muted"
    assert refusal(room, ReactToMessage(by="anna", message=message, emoji="🐋"), 2_000) == "muted"


def test_a_message_from_long_ago_is_edited_as_it_was_found() -> None:
    room = joined(empty_room(), "anna")
    old = Message("old", {"id": "anna", "name": "Anna"}, "x", 0, 0)
    assert fact(room, EditMessage(by="anna", message=old, text="y"), 5, MessageEdited).message_id == "old"


# --- reactions ---


def reactions(room: State) -> dict[str, tuple[str, ...]]:
    return dict(room.messages[0].reactions)


def test_reactions_are_put_on_a_message_and_taken_back() -> None:
    room = talked("anna", "boris")

    def by(member: str, emoji: str, *, on: bool = True) -> ReactToMessage:
        return ReactToMessage(by=member, message=room.messages[0], emoji=emoji, on=on)

    for command in (by("anna", "🐋"), by("boris", "🐋"), by("boris", "❤️"), by("boris", "🐋")):
        room = applied(room, command, 2_000)
    assert reactions(room) == {"🐋": ("anna", "boris"), "❤️": ("boris",)}
    assert facts(room, by("boris", "🐋"), 2_000) == facts(room, by("anna", "❤️", on=False), 2_000) == ()
    room = applied(applied(room, by("boris", "❤️", on=False), 3_000), by("anna", "🐋", on=False), 3_000)
    assert reactions(room) == {"🐋": ("boris",)}


def test_reactions_are_bounded() -> None:
    room = talked("anna")
    emojis = [chr(0x1F600 + n) for n in range(EMOJIS_MOST + 1)]
    for emoji in emojis[:-1]:
        room = applied(room, ReactToMessage(by="anna", message=room.messages[0], emoji=emoji), 2_000)
    more = ReactToMessage(by=OWNER, message=room.messages[0], emoji=emojis[-1])
    assert refusal(room, more, 2_000) == "too_many_reactions"
    facts(room, ReactToMessage(by=OWNER, message=room.messages[0], emoji=emojis[0]), 2_000)
    crowd = {"🐋": tuple(f"p{n}" for n in range(ALIKE_MOST))}
    busy = Message("busy", {"id": OWNER, "name": ""}, "x", 0, 0, reactions=crowd)
    assert refusal(room, ReactToMessage(by="anna", message=busy, emoji="🐋"), 2_000) == "too_many_reactions"


def test_a_deleted_message_takes_no_change() -> None:
    room = talked("anna")
    before = room.messages[0]
    room = applied(room, ReactToMessage(by=OWNER, message=before, emoji="🐋"), 2_000)
    room = applied(room, DeleteMessage(by="anna", message=before), 2_000)
    assert reactions(room) == {}
    assert refusal(room, EditMessage(by="anna", message=before, text="y"), 2_001) == "message_not_found"
    assert refusal(room, ReactToMessage(by="anna", message=before, emoji="🐋"), 2_001) == "message_not_found"


def test_each_change_of_a_message_counts() -> None:
    room = talked("anna")
    message = room.messages[0]
    room = applied(room, EditMessage(by="anna", message=message, text="y"), 2_000)
    room = applied(room, ReactToMessage(by="anna", message=message, emoji="🐋"), 2_000)
    room = applied(room, DeleteMessage(by="anna", message=message), 2_000)
    assert room.messages[0].revision == 3
