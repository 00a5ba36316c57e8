"""Two devices of one person, each with a player of its own: what one of them reports ends with it."""

from __future__ import annotations

import asyncio
import uuid

from tests.media.conftest import NewWatcher
from tests.support.media.kinds import FILM_S
from tests.support.media.server import Faults, MediaSite
from tests.support.media.watcher import distances_ms

FILM = "hls-ts/film.m3u8"
# The film's last third never comes.
DRY_AT_THE_END = Faults(broken={r"film(9|1[0-9])\.ts": 503})
RUNS_DRY = "Object.defineProperty(document.querySelector('video'), 'readyState', { value: 2 })"
MEMBERS = "document.getElementById('room').room.members"
STATUS = "room.room.playback.status"


async def test_a_device_that_dies_while_it_buffers_holds_nobody_and_its_persons_other_one_is_waited_for(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, person = site.open_room(FILM_S * 1000), str(uuid.uuid4())
    television, laptop, boris = [await new_watcher(name) for name in ("Anna", "Anna", "Boris")]
    site.faults["dry-laptop"] = DRY_AT_THE_END
    site.faults["dry-television"] = Faults()
    await television.enter(room, f"/films/dry-television/{FILM}", person=person)
    await laptop.enter(room, f"/films/dry-laptop/{FILM}", person=person)
    await boris.enter(room, f"/films/sound/{FILM}")
    await asyncio.gather(*(one.wait_running() for one in (television, laptop, boris)))

    await boris.touch("room.seek(32_000);")
    await boris.until(f"{STATUS} === 'holding'")
    held = await boris.room()
    await laptop.page.close()

    await boris.until(f"{STATUS} === 'playing'")
    assert (await boris.room())["at_ms"] < held["hold_until_ms"], (
        "it goes on with the device's end, not after the longest hold"
    )
    await asyncio.gather(television.wait_running(), boris.wait_running())
    assert await boris.page.evaluate(f"{MEMBERS}.every(({{ buffering }}) => !buffering)")
    assert min(await distances_ms([television, boris], looks=5)) < 100

    await television.page.evaluate(RUNS_DRY)
    await boris.until(f"{STATUS} === 'holding'")
