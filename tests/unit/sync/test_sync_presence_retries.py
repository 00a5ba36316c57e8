"""A member who is connected here is brought back into the room for as long as the store refuses."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sync_service.live import presence
from sync_service.live.commit import Done, PendingCommand
from sync_service.live.presence import Presence
from sync_service.room.events import Refusal


class Refusing:
    """A room that answers with these codes in turn, then with success."""

    def __init__(self, *codes: str) -> None:
        self.id = "room"
        self.audience = SimpleNamespace(
            by_member={"anna": [SimpleNamespace(name="Anna", role="viewer", since_ms=1, version=1)]},
            dismiss=self._dismiss,
        )
        self.players = SimpleNamespace(joined_again=lambda _member: None)
        self.dismissed: list[tuple[str, str]] = []
        self.submitted: list[PendingCommand] = []
        self._codes = list(codes)

    def _dismiss(self, member: str, code: str) -> None:
        self.dismissed.append((member, code))

    def submit(self, pending: PendingCommand) -> None:
        self.submitted.append(pending)
        pending.on_done(Refusal(self._codes.pop(0), "") if self._codes else Done(1))


async def asked_by(room: Refusing, monkeypatch: pytest.MonkeyPatch, *, times: int = 1) -> list[str | None]:
    """Return who was brought back, once so many have been and some time after."""
    monkeypatch.setattr(presence, "RETRY_S", 0.01)
    hub, nothing = cast("Any", SimpleNamespace()), cast("Any", None)
    Presence(hub, nothing).rejoin_all(cast("Any", room))
    for _ in range(500):
        if len(room.submitted) >= times:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    return [pending.command.by for pending in room.submitted]


@pytest.mark.parametrize("codes", [("try_again",), ("outcome_unknown", "try_again", "try_again")])
async def test_a_refused_return_is_tried_again_until_it_works(
    codes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = len(codes) + 1
    assert await asked_by(Refusing(*codes), monkeypatch, times=times) == ["anna"] * times


async def test_nobody_is_brought_back_into_a_closed_room(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await asked_by(Refusing("room_closed"), monkeypatch) == ["anna"]


async def test_nobody_is_brought_back_who_has_gone_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Refusing(*["try_again"] * 1000)
    asking = asyncio.create_task(asked_by(room, monkeypatch))
    await asyncio.sleep(0.03)
    room.audience.by_member.clear()
    await asyncio.sleep(0.02)
    tried = len(room.submitted)
    await asking

    assert len(room.submitted) == tried


@pytest.mark.parametrize("code", ["kicked", "banned", "revoked", "room_locked", "resume_invalid"])
async def test_who_may_not_come_back_is_sent_away(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Refusing(code)
    assert await asked_by(room, monkeypatch) == ["anna"]
    assert room.dismissed == [("anna", code)]
