"""Every kind of film plays in step for three viewers, of whom one comes late."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest

from tests.media.conftest import TABLE, NewWatcher
from tests.support.media.kinds import FILM_S, KINDS, Kind
from tests.support.media.server import Faults, MediaSite
from tests.support.media.watcher import Watcher, distances_ms

# On a busy machine of two cores; on a quiet one it is a fifth of this.
IN_STEP_MS = 60

# What is wrong with a server, beside what a film is made of.
SERVERS = {
    "throttled": Faults(bytes_per_s=150_000),
    "slow first byte": Faults(first_byte_after_s=0.7),
}


async def in_step_ms(watchers: list[Watcher]) -> list[float]:
    """Return looks of which half are within the bar: a machine that is busy for some seconds disturbs some of them."""
    looks: list[list[float]] = []
    while len(looks) < 5 and not (looks and statistics.median(looks[-1]) < IN_STEP_MS):
        looks.append(await distances_ms(watchers))
    assert statistics.median(looks[-1]) < IN_STEP_MS, looks
    return looks[-1]


async def plays_for_three(site: MediaSite, new_watcher: NewWatcher, kind: Kind, faults: Faults) -> str:
    """Let two viewers watch and a third come late; return what was seen as a row of the table."""
    room = site.open_room(FILM_S * 1000)
    site.faults[room] = faults
    source = f"/films/{room}/{kind.name}/{kind.entry}"
    anna, boris, clara = [await new_watcher(name) for name in ("Anna", "Boris", "Clara")]
    await asyncio.gather(anna.enter(room, source), boris.enter(room, source))
    await asyncio.gather(anna.wait_running(), boris.wait_running())
    before = await anna.room()

    came_s = time.monotonic()
    await clara.enter(room, source)
    await clara.wait_running()
    late_s = time.monotonic() - came_s
    looks = await in_step_ms([anna, boris, clara])

    after = await anna.room()
    assert after["status"] == "playing"
    assert after["sought_ms"] == before["sought_ms"], "nobody moved the film"
    return f"{statistics.median(looks):6.1f} {max(looks):6.1f} {late_s:6.1f}"


SHORT = ("hls-start-offset",)
FILMS = [name for name, kind in KINDS.items() if not kind.encrypted and kind.live in {None, "event"}]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [pytest.param(it, marks=[pytest.mark.short] * (it in SHORT)) for it in FILMS])
async def test_a_film_of_each_kind_plays_in_step(name: str, site: MediaSite, new_watcher: NewWatcher) -> None:
    await asyncio.to_thread(KINDS[name].folder)
    TABLE.append(f"{name:28}{await plays_for_three(site, new_watcher, KINDS[name], Faults())}")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", SERVERS)
@pytest.mark.parametrize("name", ["mp4", "hls-ts"])
async def test_a_film_from_a_weak_server_plays_in_step(
    name: str, fault: str, site: MediaSite, new_watcher: NewWatcher
) -> None:
    await asyncio.to_thread(KINDS[name].folder)
    TABLE.append(f"{name + ', ' + fault:28}{await plays_for_three(site, new_watcher, KINDS[name], SERVERS[fault])}")
