"""The small parts: buckets, texts, tokens, frames, the journal's entries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jwt
import orjson
import pytest

from shared.events.envelope import SCHEMAS
from sync_service.broker.journal_relay import event_of
from sync_service.delivery.frames import text_frame
from sync_service.live.limits import CHAT, ROOM_CHAT, Rate, RoomLimits, TokenBucket
from sync_service.protocol import silence
from sync_service.protocol.emoji import is_emoji
from sync_service.room.commands import (
    ChangeSettings,
    ComeBack,
    Command,
    DeleteMessage,
    EditMessage,
    Kick,
    Leave,
    Mute,
    Play,
    Rebase,
    Say,
    SetRole,
    StepAside,
)
from sync_service.room.events import Closed
from sync_service.room.evolve import evolve
from sync_service.room.state import Message
from sync_service.sockets.resume_tokens import TTL_S, InvalidResume, Resume, ResumeTokens
from sync_service.store.changes import AS_IT_IS, NO_ENTRY, data_of, entry_of
from sync_service.store.records import body_of, last_field
from tests.unit.sync.rooms import applied, empty_room, facts, joined

OWNER = "33333333-3333-4333-8333-333333333333"
RESUME = Resume("room", 7, "anna", "Anna", "viewer", "s", 1, 1_000, 3)
NOW_S = 1_000_000.0


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(Rate(3, 2), 0)
    assert [bucket.take(0) for _ in range(4)] == [0, 0, 0, 500]
    assert bucket.take(0.5) == 0
    assert bucket.take(0.6) > 0
    assert [bucket.take(100) for _ in range(4)][:3] == [0, 0, 0]


def test_a_bucket_says_when_there_will_be_a_token() -> None:
    bucket = TokenBucket(Rate(1, 2), 0)
    bucket.take(0)
    wait_ms = bucket.take(0.1)
    assert bucket.take(0.1 + wait_ms / 1000) == 0


def test_a_member_has_one_bucket_however_many_tabs_they_have() -> None:
    room = RoomLimits()
    assert [room.take("anna", CHAT, 0) for _ in range(int(CHAT.burst))] == [0] * int(CHAT.burst)
    assert room.take("anna", CHAT, 0) > 0
    assert room.take("boris", CHAT, 0) == 0


def test_what_all_members_together_may_ask_is_bounded_and_costs_nobody_their_own() -> None:
    room = RoomLimits()
    people = [str(n) for n in range(int(ROOM_CHAT.burst))]
    assert {room.take(person, CHAT, 0) for person in people} == {0}
    assert room.take("late", CHAT, 0) > 0
    # The room's bucket has filled up again by then; their own was never touched.
    later_s = ROOM_CHAT.burst / ROOM_CHAT.per_s
    assert [room.take("late", CHAT, later_s) for _ in range(int(CHAT.burst))] == [0] * int(CHAT.burst)


def test_buckets_of_those_who_went_are_forgotten() -> None:
    room = RoomLimits()
    for n in range(2_000):
        room.take(str(n), CHAT, n * 1.0)
    assert len(room._members) < 400


@pytest.mark.parametrize("text", ["🎬", "👩🏽‍🚀", "🇷🇺", "1️⃣", "❤️", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_one_emoji_is_one(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", ["", "a", "1", "🎬🎬", "🎬!", "ы", "<b>", "\u202e🎬", "🎬\u202e"])
def test_what_is_not_one_emoji_is_none(text: str) -> None:
    assert not is_emoji(text)


def test_a_resume_token_brings_back_who_it_was_made_for() -> None:
    tokens = ResumeTokens({"new": b"n" * 32, "old": b"o" * 32})
    assert tokens.read(tokens.sign(RESUME, NOW_S), NOW_S + TTL_S - 1) == RESUME


def test_a_resume_token_expires_by_the_clock_it_was_made_by() -> None:
    tokens = ResumeTokens({"k": b"k" * 32})
    with pytest.raises(InvalidResume, match="expired"):
        tokens.read(tokens.sign(RESUME, NOW_S), NOW_S + TTL_S)


def test_a_key_that_is_being_rotated_out_still_verifies() -> None:
    token = ResumeTokens({"old": b"o" * 32}).sign(RESUME, NOW_S)
    assert ResumeTokens({"new": b"n" * 32, "old": b"o" * 32}).read(token, NOW_S) == RESUME
    with pytest.raises(InvalidResume):
        ResumeTokens({"new": b"n" * 32}).read(token, NOW_S)


@pytest.mark.parametrize(
    "spoil",
    [{"exp": 1}, {"sub": None}, {"room": ...}, {"session": ...}],
    ids=["expired", "nobody", "nowhere", "no session"],
)
def test_a_spoilt_resume_token_is_refused(spoil: dict[str, Any]) -> None:
    tokens = ResumeTokens({"k": b"k" * 32})
    claims = jwt.decode(tokens.sign(RESUME, NOW_S), options={"verify_signature": False})
    claims = {name: value for name, value in {**claims, **spoil}.items() if value is not ...}
    token = jwt.encode(claims, b"k" * 32, algorithm="HS256", headers={"kid": "k", "typ": "resume+jwt"})
    with pytest.raises(InvalidResume):
        tokens.read(token, NOW_S)


def test_a_token_of_another_kind_is_no_resume_token() -> None:
    claims = jwt.decode(ResumeTokens({"k": b"k" * 32}).sign(RESUME, NOW_S), options={"verify_signature": False})
    token = jwt.encode(claims, b"k" * 32, algorithm="HS256", headers={"kid": "k", "typ": "join+jwt"})
    with pytest.raises(InvalidResume):
        ResumeTokens({"k": b"k" * 32}).read(token, NOW_S)


@pytest.mark.parametrize(("algorithm", "key"), [("none", ""), ("HS512", b"k" * 64), ("HS256", b"x" * 64)])
def test_a_forged_resume_token_is_refused(algorithm: str, key: str | bytes) -> None:
    tokens = ResumeTokens({"k": b"k" * 64})
    good = tokens.sign(RESUME, NOW_S)
    claims = jwt.decode(good, options={"verify_signature": False})
    token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k", "typ": "resume+jwt"})
    assert tokens.read(good, NOW_S) == RESUME
    with pytest.raises(InvalidResume):
        tokens.read(token, NOW_S)


def test_a_resume_key_that_is_no_secret_is_refused_at_the_start() -> None:
    with pytest.raises(jwt.InvalidKeyError):
        ResumeTokens({"k": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtleSBvZiBub2JvZHk="})


@pytest.mark.parametrize(("size", "head"), [(5, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_frame_says_how_long_it_is(size: int, head: int) -> None:
    frame = text_frame(b"x" * size)
    assert frame[0] == 0x81
    assert len(frame) == head + size
    assert frame[1] & 0x80 == 0


@pytest.mark.parametrize(
    "command",
    [
        Play(by="11111111-1111-4111-8111-111111111111"),
        SetRole(by=OWNER, member_id="11111111-1111-4111-8111-111111111111", role="guest"),
        Mute(by=OWNER, member_id="11111111-1111-4111-8111-111111111111", seconds=60),
        Kick(by=OWNER, member_id="11111111-1111-4111-8111-111111111111"),
        ChangeSettings(by=OWNER, changes={"slow_mode_s": 5}),
        Rebase(shift_ms=-5, era=0),
        StepAside(by="11111111-1111-4111-8111-111111111111", reason="ad"),
        ComeBack(by="33333333-3333-4333-8333-333333333333"),
        Say(by="11111111-1111-4111-8111-111111111111", message_id="m", text="привет"),
        EditMessage(
            by="11111111-1111-4111-8111-111111111111",
            message=Message(
                "m", {"id": "11111111-1111-4111-8111-111111111111", "name": ""}, "x", 0, 1_700_000_000_000 - 1
            ),
            text="привет",
        ),
        Leave(by="11111111-1111-4111-8111-111111111111", reason="left", gone_ms=5),
    ],
)
def test_what_the_archive_is_told_fits_the_contract(command: Command) -> None:
    room = joined(empty_room(), "11111111-1111-4111-8111-111111111111", now_ms=5)
    room = replace(room, rights=replace(room.rights, owner=OWNER))
    room = applied(joined(room, OWNER, now_ms=5), StepAside(by=OWNER, reason="alone"), 5)
    for event in facts(room, command, 1_700_000_000_000):
        room = evolve(room, event)
        type_, data = entry_of(event, room)
        room_id = "22222222-2222-4222-8222-222222222222"
        fields = {"room": room_id, "epoch": "1", "seq": "7", "type": type_}
        words = [word.encode() for pair in fields.items() for word in pair] + [b"data", data or b"{" + body_of(event)]
        told = event_of(b"1700000000000-0", words)
        assert SCHEMAS[type_].validate(told.data) == {}
        assert told.id == f"{room_id}:1:7"
        assert told.subject == told.data["room_id"] == room_id


def test_a_deleted_message_is_told_to_the_archive() -> None:
    anna = "11111111-1111-4111-8111-111111111111"
    room = applied(joined(empty_room(), anna), Say(by=anna, message_id="m", text="hush"), 5)
    (event,) = facts(room, DeleteMessage(by=anna, message=room.messages[0]), 6)
    type_, data = entry_of(event, room)
    assert data == AS_IT_IS
    key = {"room_id": anna, "epoch": 1, "seq": 7}
    assert SCHEMAS[type_].validate({**key, **data_of(event)}) == {}
    assert b"hush" not in body_of(event)


def test_the_archive_is_not_told_what_the_api_itself_decided() -> None:
    assert entry_of(Closed(time_ms=1, by=None, command=None, reason="owner"), empty_room()) == NO_ENTRY
    assert applied(joined(empty_room(), "anna"), Play(by="anna"), 0).playback.started


@pytest.mark.parametrize("id_", ["7", '"playback":', '{"message":1,"playback":2', '\\","playback":', "\\"])
def test_what_an_event_carries_is_found_in_its_body(id_: str) -> None:
    room = joined(empty_room(), "anna")
    for command, name in (
        (Play(by="anna", id=id_), "playback"),
        (Say(by="anna", id=id_, message_id="m", text=id_), "message"),
    ):
        (event,) = facts(room, command, 5)
        assert body_of(event) == orjson.dumps(event)[1:]
        assert last_field(body_of(event), b'"%s":' % name.encode()) == orjson.dumps(getattr(event, name))


def test_the_bounds_of_silence_keep_who_froze_for_a_while_and_end_who_froze_for_good() -> None:
    last_sign_before_s = silence.ASK_S + silence.LOOK_S  # how long before the freeze the last sign may have come
    assert silence.ASK_S + 2 * silence.LOOK_S < silence.CUT_S < silence.GONE_S
    assert silence.GONE_S + silence.LOOK_S <= silence.LEAVES_WITHIN_S
    assert silence.GONE_S - last_sign_before_s >= silence.FREEZE_S + silence.COMES_BACK_S
