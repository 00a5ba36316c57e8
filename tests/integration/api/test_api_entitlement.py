"""The cinema decides who may watch: asked over HTTP by a signed request, and believed for as long as it says."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from api_service.broker.archive import Archive
from api_service.cinema_hook import ANSWER_BYTES
from api_service.entitlement import EntitlementHook, EntitlementSettings, WhenSilent
from api_service.recent import Recent
from api_service.usecases.entitlement import Question
from deploy.local.free_ports import free_port
from shared.service import Problem
from tests.support.api_fixtures import ISSUER, Answer, RunningSite, Viewer, running_site, settings_for
from tests.support.cinema_hook import KEY, SECRET, Hook
from tests.support.journalled import Journal

ROOT: Final = Path(__file__).parents[3]


@asynccontextmanager
async def asking(database_url: str, url: str, when_silent: WhenSilent = "refuse") -> AsyncIterator[RunningSite]:
    hooked = EntitlementSettings(url, KEY, when_silent)
    async with running_site(settings_for(database_url, port=free_port(), entitlement=hooked)) as made:
        yield made


@pytest.fixture
async def site(database_url: str, hook: Hook) -> AsyncIterator[RunningSite]:
    """A site whose cinema decides who may watch."""
    async with asking(database_url, hook.url) as made:
        yield made


async def in_a_room(site: RunningSite, *, locale: str = "en") -> tuple[Viewer, dict[str, Any]]:
    """Return somebody with the room that they have opened for a film of the cinema's."""
    name = f"Anna-{locale}"
    anna = site.viewer(await site.cinema.person(name, locale=locale))
    film_id = await site.cinema.film(external_id=f"tt-{name}")
    return anna, (await anna.post("/rooms", json={"film_id": str(film_id)})).body


async def join(viewer: Viewer, room: dict[str, Any]) -> Answer:
    return await viewer.post(f"/rooms/{room['code']}/join")


async def test_the_cinema_is_asked_who_wants_to_watch_what_where(site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(site)

    assert (await join(anna, room)).status == 200

    assert hook.questions == [
        {
            "person": {"issuer": ISSUER, "subject": "Anna-en", "locale": "en"},
            "film": {"id": room["film"]["id"], "external_id": "tt-Anna-en"},
            "room": {"code": room["code"]},
        }
    ]


async def test_the_request_is_signed_as_the_guide_checks_it(site: RunningSite, hook: Hook) -> None:
    guide = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    checked: dict[str, Any] = {}
    exec(code, checked)  # noqa: S102 - the guide's own lines, as a cinema would copy them
    is_ours = checked["is_from_movie_together"]
    anna, room = await in_a_room(site)
    await join(anna, room)
    ((headers, body),) = hook.asked

    assert is_ours(headers, body, SECRET)

    assert not is_ours(headers, body + b" ", SECRET)
    assert not is_ours(headers, body, "whsec_" + "A" * 32)
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert not is_ours({**headers, name: "1"}, body, SECRET)
        assert not is_ours({other: value for other, value in headers.items() if other != name}, body, SECRET)


@pytest.mark.parametrize(
    ("locale", "reason", "said"),
    [
        ("en", {"ru": "Подписка закончилась.", "en": "Your plan has ended."}, "Your plan has ended."),
        ("ru", {"ru": "Подписка закончилась.", "en": "Your plan has ended."}, "Подписка закончилась."),
        ("ru", {"de": "Abgelaufen."}, "Abgelaufen."),
        ("ru", "Not in your country.", "Not in your country."),
        ("en", None, "The cinema does not let you watch this film."),
        ("ru", {}, "Кинотеатр не разрешает вам смотреть этот фильм."),
    ],
)
async def test_a_refusal_reaches_the_viewer_with_the_cinema_s_reason_in_their_language(
    site: RunningSite, hook: Hook, locale: str, reason: Any, said: str
) -> None:
    anna, room = await in_a_room(site, locale=locale)
    hook.answers({"allowed": False, "reason": reason})

    answer = await join(anna, room)

    assert (answer.status, answer.code, answer.body["detail"]) == (403, "not_entitled", said)


async def test_whoever_is_refused_has_not_been_in_the_room(site: RunningSite, hook: Hook) -> None:
    _, room = await in_a_room(site)
    boris = site.viewer(await site.cinema.person("Boris"))
    hook.answers({"allowed": False})

    await join(boris, room)

    assert await site.cinema.value("SELECT count(*) FROM room_roles WHERE user_id = :id", id=boris.me.id) == 0


async def test_nobody_is_asked_about_who_may_not_enter_anyway(site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(site)
    await anna.delete(f"/rooms/{room['code']}")

    assert (await join(anna, room)).status == 410

    assert hook.asked == []


async def test_an_answer_holds_as_long_as_it_says_for_its_own_question(site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(site)
    boris = site.viewer(await site.cinema.person("Boris"))
    hook.answers({"allowed": False, "max_age_s": 600})
    await join(anna, room)
    hook.answers({"allowed": True})

    assert (await join(anna, room)).code == "not_entitled", "the first answer still holds"
    assert (await join(boris, room)).status == 200, "and is not about others"
    assert (await join(boris, room)).status == 200

    assert [question["person"]["subject"] for question in hook.questions] == ["Anna-en", "Boris", "Boris"]


def garbage() -> dict[str, Any]:
    """Return answers that are none: (body, status, headers) by what is wrong with them."""
    yes = {"allowed": True}
    return {
        "500": (yes, 500, {}),
        "204": ("", 204, {}),
        "redirect": (yes, 307, {"Location": "/elsewhere"}),
        "no JSON": ("<html>", 200, {}),
        "a list": ([True], 200, {}),
        "no decision": ({"reason": "x"}, 200, {}),
        "a text for a decision": ({"allowed": "yes"}, 200, {}),
        "a number for a reason": ({"allowed": False, "reason": 5}, 200, {}),
        "a long reason": ({"allowed": False, "reason": "x" * 501}, 200, {}),
        "a negative age": ({"allowed": True, "max_age_s": -1}, 200, {}),
        "too long": ({**yes, "padding": "x" * ANSWER_BYTES}, 200, {}),
    }


@pytest.mark.parametrize("wrong", garbage())
async def test_what_is_no_answer_is_silence_and_refused(site: RunningSite, hook: Hook, wrong: str) -> None:
    anna, room = await in_a_room(site)
    body, status, headers = garbage()[wrong]
    hook.answers(body, status, **headers)

    answer = await join(anna, room)

    assert (answer.status, answer.code) == (503, "entitlement_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(hook.asked) == 1, "no redirect was followed, and nothing repeated"
    hook.answers({"allowed": True})
    assert (await join(anna, room)).status == 200, "silence is not remembered"


@pytest.mark.parametrize("begins", [False, True], ids=["says nothing", "begins to answer"])
async def test_a_cinema_that_is_too_slow_is_silent(site: RunningSite, hook: Hook, begins: bool) -> None:
    anna, room = await in_a_room(site)
    released = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if begins:
            await response.prepare(request)
            await response.write(b'{"allowed": ')
        await released.wait()
        return response

    hook.answering = answer

    refused = await join(anna, room)

    assert refused.code == "entitlement_unavailable"
    assert not released.is_set(), "it was not waited for"
    released.set()


async def test_a_cinema_that_is_away_lets_everybody_in_if_the_setting_says_so(database_url: str) -> None:
    async with asking(database_url, f"http://127.0.0.1:{free_port()}/", "allow") as site:
        anna, room = await in_a_room(site)
        assert (await join(anna, room)).status == 200
    async with asking(database_url, f"http://127.0.0.1:{free_port()}/") as site:
        assert (await join(site.viewer(anna.me), room)).code == "entitlement_unavailable"


async def test_a_refusal_counts_whatever_the_setting_for_silence_says(database_url: str, hook: Hook) -> None:
    hook.answers({"allowed": False})
    async with asking(database_url, hook.url, "allow") as site:
        anna, room = await in_a_room(site)
        assert (await join(anna, room)).code == "not_entitled"


async def test_an_answer_that_is_too_old_is_asked_for_anew(hook: Hook) -> None:
    now = [1_000.0]
    asks = EntitlementHook(EntitlementSettings(hook.url, KEY), clock=lambda: now[0])
    question = Question(ISSUER, "u-17", "en", uuid4(), None, "code")
    hook.answers({"allowed": False, "max_age_s": 60})
    await asks.start()
    try:
        for later_s, asked in ((0, 1), (59, 1), (2, 2)):
            now[0] += later_s
            with pytest.raises(Problem):
                await asks.check(question)
            assert len(hook.asked) == asked
    finally:
        await asks.close()


def test_the_memory_of_answers_is_bounded() -> None:
    recent: Recent[int] = Recent(lambda: 0.0, most=2)
    for number in range(3):
        recent.put(str(number), number, until_s=1)

    assert [recent.get(str(number)) for number in range(3)] == [None, 1, 2]


async def test_a_room_goes_on_with_a_film_that_everyone_there_may_watch(site: RunningSite, hook: Hook) -> None:
    anna, room = await in_a_room(site)
    boris, gone = await site.cinema.person("Boris"), await site.cinema.person("Gone")
    journal, archive = Journal(UUID(room["id"])), Archive(site.cinema.db)
    for event in (journal.came(1, boris), journal.came(2, gone, "v2"), journal.left(3, gone, "v2")):
        await archive.write(event)
    # A visit of long ago whose end is not known is over.
    await site.cinema.rows("UPDATE visits SET started_at = now() WHERE ended_at IS NULL RETURNING id")
    film_id = str(await site.cinema.film("Second", external_id="tt-second"))

    async def only_anna(request: web.Request) -> web.StreamResponse:
        question = await request.json()
        return web.json_response({"allowed": question["person"]["subject"] == "Anna-en"})

    hook.answering = only_anna
    refused = await anna.post(f"/rooms/{room['code']}/film", {"film_id": film_id})
    assert (refused.status, refused.code) == (409, "others_not_entitled")
    assert "Boris" in refused.body["detail"]
    assert (await anna.get(f"/rooms/{room['code']}")).body["film"]["id"] == room["film"]["id"]
    asked = {(question["person"]["subject"], question["film"]["external_id"]) for question in hook.questions}
    assert asked == {("Anna-en", "tt-second"), ("Boris", "tt-second")}, "whoever has left is not asked about"

    hook.answers({"allowed": True})
    third = str(await site.cinema.film("Third", external_id="tt-third"))
    changed = await anna.post(f"/rooms/{room['code']}/film", {"film_id": third})
    assert (changed.status, changed.body["film"]["id"]) == (200, third)
