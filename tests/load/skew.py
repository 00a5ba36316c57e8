"""`make bench-skew`: how far apart the players of one room are, on real pages of the local run.

Each viewer sits at a browser process of their own. One line per situation: what was found, the figure to reach, and
what the rule of other systems (no clock, seek when more than a second off) does in the same situation. The figures need
two quiet cores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import async_playwright

from sync_service.room.holding import HOLDS_MOST
from tests.e2e.site import LocalSite
from tests.load import skew_figures as figures
from tests.load.servers import ROOT
from tests.load.skew_figures import Track
from tests.load.skew_pages import Pages, Seat
from tests.support.browsers import BrowserName

FIGURES: Final = ROOT / "build" / "bench-skew.json"
# A start is judged from here on: the players' own positions leap by up to 110 ms right after a resume.
JUDGED_AFTER_MS: Final = 200
JUDGED_UNTIL_MS: Final = 1_500
# Where a situation begins, so that none reaches the end of the film (90 s).
BEGINNING_MS: Final = 5_000
# Some periods of the swing of a player's position at another rate than the normal one.
SWING_MS: Final = 480

Found = dict[str, float]


@dataclass(frozen=True)
class Plan:
    """How long and how often to look."""

    seconds: float
    repeats: int


FULL: Final = Plan(seconds=25, repeats=8)
QUICK: Final = Plan(seconds=5, repeats=2)


@dataclass(frozen=True)
class Stage:
    """A room whose film runs, the seats in it, and a way to seat one more."""

    seats: Sequence[Seat]
    newcomer: Callable[[], contextlib.AbstractAsyncContextManager[Seat]]
    plan: Plan

    async def tracks(self) -> list[Track]:
        return [*await asyncio.gather(*(seat.track() for seat in self.seats))]

    async def ask(self, method: str, *arguments: float) -> float:
        """Have the first viewer do something to the film, and return the wall-clock ms at which it takes effect."""
        before = await self.seats[0].run("room => JSON.stringify(room.room.playback)")
        await self.seats[0].run("(room, [method, args]) => room[method](...args).catch(() => {})", [method, arguments])
        for seat in self.seats:
            await seat.wait("(room, before) => JSON.stringify(room.room.playback) !== before", before)
        return figures.middle([await seat.starts_at() for seat in self.seats])

    async def settle(self, *, rate: float = 1) -> None:
        """Run the film from its beginning for long enough to be in step."""
        await self.ask("seek", BEGINNING_MS)
        if rate != 1:
            await self.ask("setRate", rate)
        await asyncio.sleep(3)


async def steady(stage: Stage) -> Found:
    await stage.settle()
    await stage.tracks()
    await asyncio.sleep(stage.plan.seconds)
    return _steady_figures(await stage.tracks())


def _steady_figures(tracks: Sequence[Track]) -> Found:
    since_ms = max(track.samples[0][0] for track in tracks)
    until_ms = min(track.samples[-1][0] for track in tracks)
    apart = figures.spreads(tracks, since_ms, until_ms)
    return {
        "median": figures.middle(apart),
        "p95": figures.percentile(apart, 0.95),
        "max": figures.percentile(apart, 1),
        "changes/min": figures.changes_per_minute(tracks, since_ms, until_ms),
        "frames": figures.percentile(figures.frame_spreads(tracks, since_ms, until_ms), 0.95),
    }


async def _starts(stage: Stage, once: Callable[[int], Awaitable[float]], at_most: int = 100) -> Found:
    """Look at the first moments after each of several starts."""
    peaks, frames = [], []
    for turn in range(min(at_most, stage.plan.repeats)):
        at_ms = await once(turn)
        await asyncio.sleep(2.2)
        tracks = await stage.tracks()
        peaks.append(
            max(figures.spreads(tracks, at_ms + JUDGED_AFTER_MS, at_ms + JUDGED_UNTIL_MS), default=float("nan"))
        )
        shown = figures.frame_spreads(tracks, at_ms + JUDGED_AFTER_MS, at_ms + JUDGED_UNTIL_MS)
        frames.append(figures.percentile(shown, 0.95))
    return {"peak median": figures.middle(peaks), "peak worst": max(peaks), "frames": figures.middle(frames)}


async def play(stage: Stage) -> Found:
    await stage.settle()

    async def once(_turn: int) -> float:
        await stage.ask("pause")
        await asyncio.sleep(0.7)
        await stage.tracks()
        return await stage.ask("play")

    return await _starts(stage, once)


async def seek(stage: Stage) -> Found:
    await stage.settle()

    async def once(turn: int) -> float:
        await stage.tracks()
        return await stage.ask("seek", 15_000 + turn % 4 * 12_000)

    return await _starts(stage, once)


async def joiner(stage: Stage) -> Found:
    within_40: list[float] = []
    within_10: list[float] = []
    for _ in range(max(2, stage.plan.repeats // 2)):
        await stage.settle()
        async with stage.newcomer() as late:
            await asyncio.sleep(5)
            tracks = [await stage.seats[0].track(), await late.track()]
            entered_ms = await late.run("() => probe.enteredMs")
            until_ms = min(track.samples[-1][0] for track in tracks)
            for found, within_ms in ((within_40, 40), (within_10, 10)):
                took = figures.settled_after(tracks, entered_ms, until_ms, within_ms)
                found.append(float("inf") if took is None else took)
    return {
        "40 ms median": figures.middle(within_40),
        "40 ms worst": max(within_40),
        "10 ms median": figures.middle(within_10),
    }


async def fast(stage: Stage) -> Found:
    """With the pitch kept, positions swing by 10 ms six times a second: their averages are compared."""
    await stage.settle(rate=1.25)
    await stage.tracks()
    await asyncio.sleep(stage.plan.seconds)
    return _steady_figures([track.averaged(SWING_MS) for track in await stage.tracks()])


async def delayed(stage: Stage) -> Found:
    await stage.seats[1].run("() => Object.assign(probe.line, { delayMs: 100, jitterMs: 50 })")
    await stage.seats[1].viewer.page.reload()
    await stage.seats[1].wait("room => room.live && !room.media.paused")
    await stage.seats[1].run("() => Object.assign(probe.line, { delayMs: 100, jitterMs: 50 })")
    await asyncio.sleep(12)
    return await steady(stage)


async def throttled(stage: Stage) -> Found:
    await stage.seats[1].throttle(4)
    return await steady(stage)


async def offline(stage: Stage) -> Found:
    await stage.settle()
    await stage.tracks()
    await stage.seats[1].run("() => { probe.line.cut = true; }")
    await asyncio.sleep(10)
    await stage.seats[1].run("() => probe.mend()")
    await asyncio.sleep(stage.plan.seconds / 2)
    return _steady_figures(await stage.tracks())


async def hidden(stage: Stage) -> Found:
    await stage.settle()
    await stage.tracks()
    await stage.seats[1].hide(hidden=True)
    await asyncio.sleep(10)
    await stage.seats[1].hide(hidden=False)
    await asyncio.sleep(stage.plan.seconds / 2)
    return _steady_figures(await stage.tracks())


async def hold(stage: Stage) -> Found:
    """The second player runs dry for a moment: the room waits for it and goes on."""
    await stage.settle()

    async def once(_turn: int) -> float:
        await asyncio.sleep(1)
        await stage.seats[1].run(
            "room => Object.defineProperty(room.media, 'readyState', { value: 2, configurable: true })"
        )
        await asyncio.sleep(1)
        await stage.tracks()
        await stage.seats[1].run("room => { delete room.media.readyState; }")
        await asyncio.sleep(0.3)
        return await stage.seats[0].starts_at()

    return await _starts(stage, once, at_most=HOLDS_MOST)  # the room waits no more often for one member


@dataclass(frozen=True)
class Situation:
    """What is looked at, with how many members before which browsers, and the figures to reach."""

    name: str
    look: Callable[[Stage], Awaitable[Found]]
    bars: Found
    members: int = 2
    others: BrowserName = "chromium"


STEADY: Final = {"p95": 2.0, "max": 5.0, "changes/min": 1.0}
STARTS: Final = {"peak median": 25.0, "peak worst": 25.0}
SITUATIONS: Final = (
    Situation("steady, two members", steady, STEADY),
    Situation("steady, three members", steady, STEADY, members=3),
    Situation("play", play, STARTS),
    Situation("seek", seek, STARTS),
    Situation("late joiner", joiner, {"40 ms median": 500.0, "40 ms worst": 1_000.0, "10 ms median": 1_500.0}),
    Situation("rate 1.25", fast, STEADY),
    Situation("one side delayed 100 ± 50 ms", delayed, {"p95": 5.0, "changes/min": 1.0}),
    Situation("one CPU throttled to a quarter", throttled, {"p95": 2.0, "max": 7.0, "changes/min": 1.0}),
    Situation("one offline for 10 s", offline, STEADY),
    Situation("one in the background for 10 s", hidden, STEADY),
    Situation("hold", hold, STARTS),
    Situation("Firefox beside Chromium", steady, {"changes/min": 2.0, "frames": 20.0}, others="firefox"),
)


@contextlib.asynccontextmanager
async def staged(pages: Pages, plan: Plan, members: int = 2, others: BrowserName = "chromium") -> AsyncIterator[Stage]:
    """A room with its members, the first before Chromium, whose film runs; everything ends with the block."""
    subs = ("elena", "farid", "alisa", "boris")
    browsers: list[BrowserName] = ["chromium", *[others] * (members - 1)]
    async with contextlib.AsyncExitStack() as seated:
        seats = [await seated.enter_async_context(pages.seat(*one)) for one in zip(subs, browsers, strict=False)]
        link = await pages.open_room(seats[0])
        for seat in seats[1:]:
            await pages.enter(seat, link)

        @contextlib.asynccontextmanager
        async def newcomer() -> AsyncIterator[Seat]:
            async with pages.seat(subs[members]) as seat:
                await pages.enter(seat, link)
                yield seat

        yield Stage(seats, newcomer, plan)


async def measure(
    situations: Sequence[Situation], plan: Plan, site_url: str, *, seek_only: bool
) -> list[dict[str, Any]]:
    """Measure one situation after the other, print each as it is found, and return all."""
    rows = []
    async with async_playwright() as playwright:
        ours = Pages(playwright, site_url)
        rule = Pages(playwright, site_url, seek_only=True)
        for situation in situations:
            row: dict[str, Any] = {"situation": situation.name, "bars": situation.bars}
            for name, pages in (("found", ours), *([("seek_only", rule)] if seek_only else [])):
                async with staged(pages, plan, situation.members, situation.others) as stage:
                    row[name] = await situation.look(stage)
            rows.append(row)
            print(line(row), flush=True)
    return rows


def line(row: dict[str, Any]) -> str:
    """Return a row as a person reads it."""
    found, others = row["found"], row.get("seek_only", {})
    parts = []
    for name, value in found.items():
        bar = f" (≤ {row['bars'][name]:g})" if name in row["bars"] else ""
        other = f" [{others[name]:.0f}]" if name in others else ""
        parts.append(f"{name} {value:.1f}{bar}{other}")
    missed = [name for name, bar in row["bars"].items() if not found[name] <= bar]
    return f"{row['situation']:32}{'  '.join(parts)}{'   MISSED: ' + ', '.join(missed) if missed else ''}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see only that it works")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="situations whose name contains one of these")
    parser.add_argument("--no-seek-only", action="store_true", help="leave the rule of other systems out")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where the JSON goes")
    arguments = parser.parse_args()
    situations = [one for one in SITUATIONS if not arguments.only or any(word in one.name for word in arguments.only)]
    plan = QUICK if arguments.quick else FULL
    print("Differences in ms; (≤ figure to reach); [the rule of other systems: no clock, seek when over 1 s off]")
    with tempfile.TemporaryDirectory(prefix="movie-together-skew-") as folder:
        Path(folder).chmod(0o711)
        # The rule of other systems takes the place of one of the page's modules.
        site = LocalSite(Path(folder), PAGE_SCRIPTS="sources")
        try:
            site.start()
            rows = asyncio.run(measure(situations, plan, site.url, seek_only=not arguments.no_seek_only))
        finally:
            site.stop()
    arguments.figures.write_text(json.dumps(rows, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
