"""The rules of a room as a whole; those of each subject stand in the files beside."""

from __future__ import annotations

import subprocess
import sys

from sync_service.room.commands import Ban, ChangeRoom, Close, Due, Leave, Play, Say
from sync_service.room.deadlines import next_due_ms
from sync_service.room.decide import RULES
from sync_service.room.events import Closed, MemberLeft
from tests.unit.sync.rooms import applied, empty_room, facts, join_of, joined, playing, refusal, says


def test_closing_ends_every_visit_and_nothing_happens_after() -> None:
    room = playing("anna", "boris")
    closed, *left = facts(room, Close(reason="owner"), 9)
    assert isinstance(closed, Closed)
    assert [(e.member_id, e.reason) for e in left if isinstance(e, MemberLeft)] == [
        ("anna", "closed"),
        ("boris", "closed"),
    ]
    after = applied(room, Close(reason="owner"), 9)
    assert after.members == {}
    for command in (
        Play(by="anna"),
        join_of("carl", 10),
        Leave(by="anna", reason="lost", gone_ms=10),
        Due(),
        Ban(member_id="anna", version=9, banned=True),
        ChangeRoom(version=9, changes={"control": "owner"}),
        Close(reason="again"),
    ):
        assert refusal(after, command, 10) == "room_closed"
    assert next_due_ms(after) is None


def test_a_stranger_has_no_say() -> None:
    room = joined(empty_room(), "anna")
    assert refusal(room, Say(by="eve", message_id="m", text="hi"), 0) == "not_a_member"
    assert refusal(room, Play(by=None), 0) == "not_a_member"
    assert refusal(room, says("eve", ready=True), 0) == "not_a_member"


def test_whatever_takes_a_role_is_guarded_by_the_rights() -> None:
    assert [kind for kind, rule in RULES.items() if rule.lowest is not None and "rights" not in rule.reads] == []


def test_the_rules_need_nothing_but_the_standard_library() -> None:
    code = "import sys, sync_service.room.decide; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    # What a site-packages hook loads before any code of ours is none of the rules' doing.
    bare = subprocess.run(
        [sys.executable, "-c", code.replace("sync_service.room.decide", "dataclasses")],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = set(loaded) - set(bare.stdout.split()) - sys.stdlib_module_names
    assert ours == {"sync_service"}
    assert not {"time", "random", "socket", "asyncio"} & (set(loaded) - set(bare.stdout.split()))
