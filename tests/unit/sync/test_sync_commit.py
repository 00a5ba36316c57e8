"""What of a room's commands goes to the store."""

from __future__ import annotations

from typing import Any, cast

from sync_service.live.commit import CommitQueue, Done, PendingCommand
from sync_service.live.replica import Replica
from sync_service.room.commands import Command, Pause, Play
from sync_service.room.events import Refusal
from sync_service.store.redis_keys import RoomKeys
from sync_service.store.snapshot import SECTIONS, Snapshot
from sync_service.store.step import Step
from tests.unit.sync.rooms import empty_room, joined


class Link:
    up = True


class Store:
    """Counts what it is sent."""

    link = Link()

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def commit(self, _names: RoomKeys, step: Step, _on_reply: Any) -> None:
        self.steps.append(step)


def given(*commands: Command) -> tuple[list[Step], list[Done | Refusal]]:
    """Commit these commands in one turn; return the steps that the store got, and what was answered at once."""
    snapshot = Snapshot(1, 7, "h", dict.fromkeys(SECTIONS, "h"), joined(empty_room(), "anna"))
    store = Store()
    answers: list[Done | Refusal] = []
    queue = CommitQueue(cast("Any", store), RoomKeys.of(3, "room"), Replica(snapshot), lambda: 5.0)
    for command in commands:
        queue.add(PendingCommand(command, answers.append))
    queue.send(lambda _reply: None)
    return store.steps, answers


def test_what_changes_nothing_is_answered_here_and_the_store_does_not_hear_of_it() -> None:
    assert given(Pause(by="anna", id="1"), Pause(by="anna", id="2")) == ([], [Done(7), Done(7)])


def test_what_changes_something_goes_to_the_store_with_what_came_before_and_after_it() -> None:
    (step,), answers = given(Pause(by="anna", id="1"), Play(by="anna", id="2"), Play(by="anna", id="3"))
    assert answers == [Done(7)]
    assert list(step.command_keys) == ["anna:2", "anna:3"]  # the third may not be answered before the second is taken
    assert len(step.events) == 1
