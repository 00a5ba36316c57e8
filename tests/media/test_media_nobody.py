"""What a library, a page or the system does to a player moves nobody else; what a person does, everyone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.media.conftest import NewWatcher
from tests.support.media.kinds import FILM_S
from tests.support.media.server import Faults, MediaSite
from tests.support.media.watcher import PATIENCE_S, Watcher, distances_ms

# Looking into a page counts as its viewer's touch for so long: pages that nobody may touch act by themselves.
UNTOUCHED_MS = 8_000
NUDGES = f"""
setTimeout(() => {{
    const film = document.querySelector("video");
    film.currentTime += 0.1;
    setTimeout(() => {{ film.currentTime += 6; }}, 300);
    const pause = () => {{
        if (film.paused || film.seeking) return void setTimeout(pause, 50);
        film.pause();
        setTimeout(() => console.info("nudged"), 500);
    }};
    setTimeout(pause, 3000);
}}, {UNTOUCHED_MS});
"""
# "Continue watching", as pages do it.
CONTINUES = """
addEventListener("loadedmetadata", ({ target }) => { target.currentTime = 20; target.play(); }, true);
addEventListener("playing", () => console.info("plays"), true);
"""
KEEPS_MEDIA_KEYS = """
const keys = {}, { mediaSession } = navigator, set = mediaSession.setActionHandler.bind(mediaSession);
mediaSession.setActionHandler = (action, handler) => { keys[action] = handler; set(action, handler); };
"""
FILM_MS = FILM_S * 1000


@pytest.fixture
def slow_to_join(site: MediaSite) -> Iterator[None]:
    site.join_after_s = 3
    yield
    site.join_after_s = 0


def film(site: MediaSite, room: str, faults: Faults | None = None) -> str:
    site.faults[room] = faults or Faults()
    return f"/films/{room}/mp4/film.mp4"


async def said(watcher: Watcher, text: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while text not in watcher.said:
            await asyncio.sleep(0.05)


def moved(before: dict[str, Any], after: dict[str, Any]) -> bool:
    keys = ("status", "position_ms", "at_ms", "sought_ms", "rate")
    return any(before[key] != after[key] for key in keys)


async def test_a_librarys_nudge_seek_and_pause_move_nobody(site: MediaSite, new_watcher: NewWatcher) -> None:
    room = site.open_room(FILM_MS)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, film(site, room))
    await anna.wait_running()
    before = await anna.room()

    await boris.enter(room, film(site, room), script=NUDGES)
    await said(boris, "nudged")

    assert not moved(before, await anna.room())
    await boris.until("room.shadowRoot.querySelector('.press')")
    await boris.page.locator("movie-together .press").click()
    await boris.wait_running()
    assert min(await distances_ms([anna, boris])) < 100


@pytest.mark.short
async def test_a_newcomer_that_plays_and_seeks_by_itself_moves_nobody(
    site: MediaSite, new_watcher: NewWatcher, slow_to_join: None
) -> None:
    room = site.open_room(FILM_MS)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, film(site, room))
    await anna.wait_running()
    await anna.touch("film.pause();")
    await anna.until("room.room.playback.status === 'paused'")
    before = await anna.room()

    await boris.enter(room, film(site, room), attributes="autoplay", script=CONTINUES)
    await said(boris, "plays")  # the room is not known there yet
    await boris.until("room.room")
    await boris.until("film.paused && !film.seeking && Math.abs(film.currentTime * 1000 - room.positionMs) < 1")

    assert not moved(before, await anna.room())


async def test_a_server_that_forgets_range_throws_nobody_back(site: MediaSite, new_watcher: NewWatcher) -> None:
    room = site.open_room(FILM_MS)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, film(site, room))
    await anna.wait_running()
    await anna.touch("room.seek(15_000);")
    await anna.until("room.room.playback.sought_ms > 0")
    await anna.wait_running()
    before = await anna.room()

    site.faults["forgetful"] = Faults(forgets_range=True)
    await boris.enter(room, "/films/forgetful/mp4/film.mp4")
    await boris.until("room.room")
    await boris.until("film.readyState > 2")
    await asyncio.sleep(3)

    assert not moved(before, await anna.room())


async def test_a_media_key_pauses_for_everyone(site: MediaSite, new_watcher: NewWatcher) -> None:
    room = site.open_room(FILM_MS)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, film(site, room))
    await boris.enter(room, film(site, room), script=KEEPS_MEDIA_KEYS)
    await asyncio.gather(anna.wait_running(), boris.wait_running())

    await boris.page.evaluate("keys.pause({ action: 'pause' })")
    await anna.until("room.room.playback.status === 'paused'")

    await boris.page.evaluate("keys.seekforward({ action: 'seekforward' })")
    await anna.until("room.room.playback.sought_ms > 0")


async def test_what_a_person_does_to_the_player_moves_everyone(site: MediaSite, new_watcher: NewWatcher) -> None:
    room = site.open_room(FILM_MS)
    anna, boris = await new_watcher("Anna"), await new_watcher("Boris")
    await anna.enter(room, film(site, room))
    await boris.enter(room, film(site, room))
    await asyncio.gather(anna.wait_running(), boris.wait_running())

    await boris.touch("film.currentTime = 20;")

    await anna.until("room.room.playback.sought_ms > 0")
    await asyncio.gather(anna.wait_running(), boris.wait_running())
    assert (await anna.sample()).position_ms > 20_000


@pytest.mark.short
async def test_an_enter_that_ends_a_word_in_an_input_method_sends_nothing(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room = site.open_room(FILM_MS)
    anna = await new_watcher("Anna")
    await anna.enter(room, film(site, room))
    await anna.page.evaluate("""async () => {
        document.body.insertAdjacentHTML("beforeend", `<movie-together-chat for="room"></movie-together-chat>`);
        await import("/static/widget/chat.js");
    }""")
    await anna.until("room.live")
    field = anna.page.locator("movie-together-chat textarea")
    await field.fill("日本")

    # Safari's order: the word has ended already when the key comes.
    await field.evaluate("""field => field.dispatchEvent(new KeyboardEvent(
        "keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true, composed: true }))""")
    assert await field.input_value() == "日本"

    await field.press("Enter")
    await anna.until("room.room.messages.length === 1")
