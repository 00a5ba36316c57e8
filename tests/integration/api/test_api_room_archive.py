"""What happened in a room: for its owner, for those who were in it, and page by page."""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api_service.broker.archive import Archive
from api_service.usecases.people import User
from shared.events.envelope import Event
from shared.events.journal import PLAYBACK_CHANGED
from tests.support.api_fixtures import RunningSite, utc
from tests.support.journalled import NOW, Journal

PARTS = ("recap", "messages", "visits", "playback")


class Evening:
    """A room of Anna's that Boris came to."""

    def __init__(self, site: RunningSite, anna: User, boris: User, code: str, room_id: UUID) -> None:
        self.site = site
        self.anna = anna
        self.boris = boris
        self.code = code
        self.journal = Journal(room_id)

    async def keep(self, *events: Event) -> None:
        archive = Archive(self.site.cinema.db)
        for event in events:
            await archive.write(event)

    async def read(self, user: User, part: str) -> Any:
        answer = await self.site.viewer(user).get(f"/rooms/{self.code}/{part}")
        assert answer.status == 200, answer.body
        return answer.body

    def playback(self, seq: int, event: str, status: str, position_ms: float, by: User | None) -> Event:
        return self.journal.event(
            PLAYBACK_CHANGED,
            seq,
            event=event,
            playback={"status": status, "position_ms": position_ms, "rate": 1.0, "at_ms": NOW.timestamp() * 1000},
            by=None if by is None else by.id,
            at=NOW + timedelta(seconds=seq),
        )

    def said_at(self, seq: int, position_ms: float, by: User) -> Event:
        event = self.journal.said(seq, by)
        event.data["position_ms"] = position_ms
        return event


@pytest.fixture
async def evening(site: RunningSite) -> Evening:
    anna, boris = await site.cinema.person("Anna"), await site.cinema.person("Boris")
    film_id = await site.cinema.film()
    room = (await site.viewer(anna).post("/rooms", {"film_id": str(film_id)})).body
    found = Evening(site, anna, boris, room["code"], UUID(room["id"]))
    await found.keep(
        found.journal.came(1, anna), found.journal.came(2, boris, "v2"), found.journal.left(100, boris, "v2")
    )
    return found


def named(user: User) -> dict[str, str]:
    return {"id": str(user.id), "name": user.name}


async def test_the_recap_tells_who_was_there_how_long_and_how_much_they_said(evening: Evening) -> None:
    anna, boris = evening.anna, evening.boris
    await evening.keep(
        evening.journal.came(101, boris, "v3"),
        evening.journal.left(150, boris, "v3"),
        evening.said_at(110, 1_000, boris),
        evening.said_at(111, 2_000, anna),
        evening.said_at(112, 3_000, boris),
        evening.journal.deleted(113, "m112"),
    )

    recap = await evening.read(boris, "recap")
    assert (recap["people_count"], recap["messages_count"]) == (2, 2)
    first, second = recap["people"]
    assert (first["person"], first["visits"], first["messages"]) == (named(anna), 1, 1)
    # Two days are all that is believed of a visit whose end nobody told.
    assert first["present_ms"] == 2 * 24 * 3_600_000
    assert second == {
        "person": named(boris),
        "visits": 2,
        "present_ms": 250_000,
        "first_at": utc(NOW),
        "last_at": utc(NOW + timedelta(seconds=150)),
        "messages": 1,
    }


async def test_the_recap_tells_the_pauses_with_who_asked_and_how_long(evening: Evening) -> None:
    await evening.keep(
        evening.playback(5, "sought", "paused", 0, evening.anna),
        evening.playback(10, "played", "playing", 0, evening.anna),
        evening.playback(20, "paused", "paused", 10_000, evening.boris),
        evening.playback(25, "sought", "paused", 5_000, evening.anna),
        evening.playback(50, "played", "playing", 5_000, evening.anna),
        evening.playback(60, "hold_started", "holding", 15_000, None),
        evening.playback(62, "hold_ended", "playing", 15_000, None),
        evening.playback(80, "paused", "paused", 33_000, None),
    )

    recap = await evening.read(evening.anna, "recap")
    assert recap["pauses"] == [
        {
            "at": utc(NOW + timedelta(seconds=20)),
            "position_ms": 10_000,
            "lasted_ms": 30_000,
            "by": named(evening.boris),
            "film": 0,
        }
    ], "neither a hold, nor before the film began, nor when the last one had left"
    assert recap["pauses_count"] == 1


async def test_the_recap_tells_who_stepped_aside_why_and_how_long(evening: Evening) -> None:
    anna, boris, journal = evening.anna, evening.boris, evening.journal
    await evening.keep(
        journal.aside(20, anna, "rewatch"),
        journal.aside(25, boris, "ad"),
        journal.aside(40, anna, "away"),  # for another reason: the first one is over
        journal.aside(70, anna, None),
        journal.aside(80, boris, "alone"),  # until he leaves, in the 100th second
        journal.aside(90, anna, "alone"),
    )

    recap = await evening.read(boris, "recap")
    told = [
        (one["reason"], one["person"]["name"], one["position_ms"], one["lasted_ms"], one["at"])
        for one in recap["asides"]
    ]
    assert told == [
        ("rewatch", "Anna", 20_000, 20_000, utc(NOW + timedelta(seconds=20))),
        ("ad", "Boris", 25_000, 55_000, utc(NOW + timedelta(seconds=25))),
        ("away", "Anna", 40_000, 30_000, utc(NOW + timedelta(seconds=40))),
        ("alone", "Boris", 80_000, 20_000, utc(NOW + timedelta(seconds=80))),
        ("alone", "Anna", 90_000, None, utc(NOW + timedelta(seconds=90))),
    ]
    assert recap["asides_count"] == 5


async def test_the_liveliest_minutes_are_those_of_the_film_with_most_messages(evening: Evening) -> None:
    positions = [61_000, 62_000, 119_999, 120_000, 5_000, 6_000]
    await evening.keep(*(evening.said_at(10 + seq, at, evening.anna) for seq, at in enumerate(positions)))

    recap = await evening.read(evening.anna, "recap")
    assert recap["liveliest"] == [
        {"position_ms": 60_000, "messages": 3, "reactions": 0, "film": 0},
        {"position_ms": 0, "messages": 2, "reactions": 0, "film": 0},
        {"position_ms": 120_000, "messages": 1, "reactions": 0, "film": 0},
    ]


async def test_reactions_make_a_minute_as_lively_as_messages_and_count_once(evening: Evening) -> None:
    journal = evening.journal
    at_one_place = [journal.reacted(11, 60_000, 2), journal.reacted(11, 60_000, 1)]  # by two nodes
    await evening.keep(
        evening.said_at(10, 1_000, evening.anna),
        evening.said_at(11, 2_000, evening.anna),
        evening.said_at(12, 61_000, evening.anna),
        *at_one_place,
        journal.reacted(12, 120_000, 3),
        *at_one_place,  # delivered again
    )

    recap = await evening.read(evening.anna, "recap")
    assert recap["liveliest"] == [
        {"position_ms": 60_000, "messages": 1, "reactions": 3, "film": 0},
        {"position_ms": 120_000, "messages": 0, "reactions": 3, "film": 0},
        {"position_ms": 0, "messages": 2, "reactions": 0, "film": 0},
    ]
    assert recap["messages_count"] == 3


async def test_the_recap_keeps_the_films_of_an_evening_apart(evening: Evening) -> None:
    anna, cinema = evening.anna, evening.site.cinema
    first = await cinema.value("SELECT film_id FROM rooms")
    second = await cinema.film(title="Second")
    changed = evening.playback(50, "film_changed", "paused", 0, None)
    changed.data["film_id"], changed.data["previous_film_id"] = str(second), str(first)
    await evening.keep(
        evening.said_at(10, 61_000, anna),
        evening.playback(12, "played", "playing", 0, anna),
        evening.playback(20, "paused", "paused", 10_000, anna),
        evening.playback(22, "played", "playing", 10_000, anna),
        changed,
        evening.said_at(60, 62_000, anna),
        evening.said_at(61, 63_000, anna),
        evening.journal.reacted(20, 60_000, 1),
        evening.journal.reacted(50, 60_000, 1),  # the change of the film was the last event before them
        evening.playback(70, "played", "playing", 0, anna),
        evening.playback(80, "paused", "paused", 9_000, anna),
        evening.playback(81, "played", "playing", 9_000, anna),
        evening.journal.aside(90, anna, "ad"),
    )

    recap = await evening.read(anna, "recap")
    assert [film["film_id"] for film in recap["films"]] == [str(first), str(second)]
    assert [film["since"] for film in recap["films"]] == [None, utc(NOW + timedelta(seconds=50))]
    minutes = [(one["film"], one["position_ms"], one["messages"], one["reactions"]) for one in recap["liveliest"]]
    assert minutes == [(1, 60_000, 2, 1), (0, 60_000, 1, 1)]
    by_hand = [pause["film"] for pause in recap["pauses"] if pause["by"] is not None]
    assert by_hand == [0, 1]
    assert [aside["film"] for aside in recap["asides"]] == [1]
    told = (await evening.read(anna, "playback"))["items"]
    assert [(one["event"], one["film"]) for one in told[3:5]] == [("film_changed", 1), ("played", 1)]


async def test_messages_come_by_the_film_s_time_or_as_they_were_sent_page_by_page(evening: Evening) -> None:
    for seq, position_ms in ((10, 9_000), (11, 5_000.5), (12, 7_000), (13, 7_000)):
        await evening.keep(evening.said_at(seq, position_ms, evening.anna))
    await evening.keep(evening.journal.deleted(14, "m12"))
    viewer = evening.site.viewer(evening.boris)

    async def all_by(order: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query = {"order": order, "limit": "1"}
        while True:
            page = (await viewer.get(f"/rooms/{evening.code}/messages", params=query)).body
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    assert [message["id"] for message in await all_by("film")] == ["m11", "m12", "m13", "m10"]
    sent = await all_by("sent")
    assert [message["id"] for message in sent] == ["m10", "m11", "m12", "m13"]
    assert [(message["text"], message["deleted"]) for message in sent[1:3]] == [("Привет!", False), (None, True)]
    assert sent[0]["author"] == named(evening.anna)
    changed = evening.playback(20, "film_changed", "paused", 0, None)
    changed.data["film_id"] = changed.data["previous_film_id"] = str(uuid4())
    await evening.keep(changed, evening.said_at(21, 6_000, evening.anna))
    by_film = [(message["id"], message["film"]) for message in await all_by("film")]
    assert by_film == [("m11", 0), ("m12", 0), ("m13", 0), ("m10", 0), ("m21", 1)], "the second film comes afterwards"
    of_film = (await viewer.get(f"/rooms/{evening.code}/messages", params={"limit": "1"})).body["next_cursor"]
    foreign = {"order": "sent", "cursor": of_film}
    assert (await viewer.get(f"/rooms/{evening.code}/messages", params=foreign)).code == "invalid_cursor"


async def test_visits_and_playback_come_page_by_page(evening: Evening) -> None:
    await evening.keep(*(evening.playback(seq, "played", "playing", seq, evening.anna) for seq in (10, 11, 12)))
    viewer = evening.site.viewer(evening.anna)
    for part, expected in (("visits", ["v1", "v2"]), ("playback", [10, 11, 12])):
        found: list[Any] = []
        query: dict[str, str] = {"limit": "1"}
        while True:
            page = (await viewer.get(f"/rooms/{evening.code}/{part}", params=query)).body
            found += page["items"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert [item["id"] if part == "visits" else item["position_ms"] for item in found] == expected
    visits = (await evening.read(evening.anna, "visits"))["items"]
    assert (visits[0]["ended_at"], visits[0]["end_reason"]) == (None, None)
    assert (visits[1]["person"], visits[1]["end_reason"]) == (named(evening.boris), "left")


@pytest.mark.parametrize("part", PARTS)
async def test_only_who_was_there_reads_it(evening: Evening, part: str) -> None:
    chiara = await evening.site.cinema.person("Chiara")
    path = f"/rooms/{evening.code}/{part}"
    stranger = evening.site.viewer(chiara)
    assert (await stranger.get(path)).code == "not_there"
    assert (await stranger.post(f"/rooms/{evening.code}/join")).status == 200
    assert (await stranger.get(path)).code == "not_there", "a ticket alone is no visit"
    await evening.keep(evening.journal.came(5, chiara, "v9"))
    assert (await stranger.get(path)).status == 200
    assert (await evening.site.viewer().get(path)).code == "sign_in_required"
    assert (await stranger.get(f"/rooms/{'x' * 22}/{part}")).code == "room_not_found"


@pytest.mark.parametrize("part", PARTS)
async def test_who_may_not_enter_any_more_reads_nothing_of_the_past(evening: Evening, part: str) -> None:
    path = f"/rooms/{evening.code}/{part}"
    owner, boris = evening.site.viewer(evening.anna), evening.site.viewer(evening.boris)
    assert (await owner.put(f"/rooms/{evening.code}/bans/{evening.boris.id}")).status == 204
    assert (await boris.get(path)).code == "banned"
    assert (await owner.delete(f"/rooms/{evening.code}/bans/{evening.boris.id}")).status == 204
    assert (await owner.delete(f"/rooms/{evening.code}")).status == 204
    assert (await boris.get(path)).status == 200, "a closed room is remembered"
    await evening.site.cinema.rows("UPDATE rooms SET access = 'invited' RETURNING id")
    assert (await boris.get(path)).code == "room_not_found"


async def test_cursors_that_no_list_gave_are_refused(evening: Evening, site: RunningSite) -> None:
    viewer = site.viewer(evening.anna)
    for part in ("messages", "visits", "playback"):
        for position in ("[1,2]", '["a","b"]', "[null,null]", f"[{10**30},1]", "[[],[]]", "[true]"):
            cursor = base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")
            answer = await viewer.get(f"/rooms/{evening.code}/{part}", params={"cursor": cursor})
            fits = part == "playback" and position == "[1,2]"
            assert answer.status == (200 if fits else 400), (part, position)
