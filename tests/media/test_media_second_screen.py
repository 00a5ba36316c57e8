"""A phone beside the television: one person with a player and a device that has none."""

from __future__ import annotations

import uuid

import pytest
from playwright.async_api import expect

from tests.media.conftest import NewWatcher
from tests.support.media.kinds import FILM_S
from tests.support.media.server import MediaSite

PEOPLE = """async () => {
    document.body.insertAdjacentHTML("beforeend", `<movie-together-people for="room"></movie-together-people>`);
    await import("/static/widget/people.js");
}"""
PHONE = "room.room.members.map(({ ready, second_screen: only }) => [ready, only].join()).join(' ')"


@pytest.mark.short
async def test_a_second_screen_moves_the_film_and_counts_once_with_its_person(
    site: MediaSite, new_watcher: NewWatcher
) -> None:
    room, person = site.open_room(FILM_S * 1000), str(uuid.uuid4())
    television, phone = await new_watcher("Anna"), await new_watcher("Anna")
    source = "/films/sound/mp4/film.mp4"
    await television.enter(room, source, person=person)
    await television.wait_running()

    await phone.enter(room, source, person=person, element="second-screen")
    await phone.until(f"room.live && {PHONE} === 'true,false'")
    await phone.page.evaluate(PEOPLE)
    people = phone.page.locator("movie-together-people")
    await expect(people.locator("li")).to_have_count(1)
    await expect(people).not_to_contain_text("without the film")
    await phone.touch("room.pause();")

    await television.until("film.paused")
    assert await phone.page.evaluate("document.querySelector('video').currentTime") == 0, "its player is nobody's"
    await television.page.close()
    await phone.until(f"{PHONE} === 'false,true'")
    await expect(people).to_contain_text("without the film")
    await expect(people.locator("li.loading")).to_have_count(0)
