"""Who may do what: every operation of the API, asked by everybody who could ask.

One table says what each of them is answered; an endpoint without a row fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from api_service.api.openapi import document
from api_service.policy import Policy
from api_service.usecases.feed import runs
from api_service.usecases.people import User
from tests.support.api_fixtures import ISSUER, Answer, Viewer
from tests.support.feed_fixtures import NDJSON, FeedingProgram, feeding, film_row, friendship_row, person_row, wish_row
from tests.support.fresh_stores import Databases

# In the order in which they ask: whoever may act comes last, so that nobody is refused because it is done already.
PEOPLE: Final = ("person", "invited", "banned", "moderator", "owner")
PROGRAMS: Final = ("no scope", "feed", "admin")
ACTORS: Final = ("anonymous", *PROGRAMS, *PEOPLE)
OK: Final = "ok"
SUBJECTS: Final = {"issuer": ISSUER}
# All that limits how often is tested elsewhere.
UNLIMITED: Final = Policy(
    mails_per_day=10_000,
    mails_per_person=10_000,
    mails_per_room=10_000,
    rooms_per_hour=10_000,
    searches_per_hour=10_000,
    resend_after_s=0,
)

CAPTIONS: Final = b"WEBVTT\n\n00:01.000 --> 00:02.000\nGood evening.\n"

Answers = Mapping[str, str]


def for_people(**refused: str) -> Answers:
    """Whoever is signed in may, but for those named."""
    programs = dict.fromkeys(PROGRAMS, "person_required")
    return {"anonymous": "sign_in_required", **programs, **dict.fromkeys(PEOPLE, OK), **refused}


def for_programs(*scopes: str) -> Answers:
    """Programs with one of the scopes may."""
    programs = {name: OK if name in scopes else "insufficient_scope" for name in PROGRAMS}
    return {"anonymous": "sign_in_required", **programs, **dict.fromkeys(PEOPLE, "program_required")}


# The room is for invited people: whoever is not invited does not know of it.
EVERYBODY: Final = for_people()
IN_ROOM: Final = for_people(person="room_not_found")
INTO_ROOM: Final = for_people(person="room_not_found", banned="banned")
MODERATORS: Final = for_people(person="room_not_found", invited="not_room_moderator", banned="banned")
OWNER: Final = for_people(
    person="room_not_found", **dict.fromkeys(("invited", "banned", "moderator"), "not_room_owner")
)
INVITEE: Final = for_people(**dict.fromkeys(("person", "banned", "moderator", "owner"), "invitation_not_found"))
FEED: Final = for_programs("feed")
ADMIN: Final = for_programs("admin")
FEED_OR_ADMIN: Final = for_programs("feed", "admin")
WHO_WAS_THERE: Final = {
    "anonymous": "sign_in_required",
    **dict.fromkeys(PROGRAMS, "insufficient_scope"),
    "admin": OK,
    "person": "room_not_found",
    **dict.fromkeys(("invited", "moderator"), "not_there"),
    "banned": "banned",
    "owner": OK,
}


@dataclass(frozen=True)
class Row:
    """What everybody is answered who sends this; ``path`` names people and things of the scene by parameter."""

    answers: Answers
    body: Any = None
    rows: Mapping[str, Any] | None = None
    file: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)


TABLE: Final[Mapping[str, Row]] = {
    # Oneself
    "read_me": Row(EVERYBODY),
    "find_people": Row(EVERYBODY, query={"email": "person@example.com"}),
    "list_friends": Row(EVERYBODY),
    "ask_friend": Row(EVERYBODY, path={"user_id": "other"}),
    "end_friendship": Row(EVERYBODY, path={"user_id": "other"}),
    "list_watchlist": Row(EVERYBODY),
    "want_film": Row(EVERYBODY),
    "unwant_film": Row(EVERYBODY),
    "list_matches": Row(EVERYBODY),
    "list_my_invitations": Row(EVERYBODY),
    "answer_invitation": Row(INVITEE, body={"answer": "accepted"}),
    "read_mails": Row(EVERYBODY),
    "choose_mails": Row(EVERYBODY, body={"wanted": True}),
    "mute_inviter": Row(EVERYBODY, path={"user_id": "other"}),
    "unmute_inviter": Row(EVERYBODY, path={"user_id": "other"}),
    "list_blocked": Row(EVERYBODY),
    "block_for_me": Row(EVERYBODY, path={"user_id": "other"}),
    "unblock_for_me": Row(EVERYBODY, path={"user_id": "other"}),
    "export_me": Row(EVERYBODY),
    # The catalogue
    "list_films": Row(EVERYBODY),
    "read_film": Row(EVERYBODY),
    "list_film_matches": Row(EVERYBODY),
    "read_film_source": Row(INTO_ROOM, query={"room": ""}),
    # Rooms
    "open_room": Row(EVERYBODY, body={"film_id": ""}),
    "list_rooms": Row(EVERYBODY),
    "read_room": Row(IN_ROOM),
    "change_room": Row(OWNER, body={"capacity": 20}),
    "close_room": Row(OWNER),
    "reopen_room": Row(OWNER),
    "change_film": Row(OWNER, body={"film_id": ""}),
    "transfer_room": Row(OWNER, body={"user_id": ""}, path={"user_id": "moderator"}),
    "join_room": Row(INTO_ROOM),
    "enter_as_guest": Row(dict.fromkeys(ACTORS, "room_not_found"), body={"name": "Zoe"}),
    "list_invitations": Row(OWNER),
    "invite_friends": Row(OWNER, body={"users": []}),
    "revoke_invitation": Row(OWNER),
    "resend_invitation": Row(OWNER),
    "list_bans": Row(MODERATORS),
    "ban_person": Row(MODERATORS, path={"user_id": "other"}),
    "lift_ban": Row(MODERATORS, path={"user_id": "banned"}),
    "read_recap": Row(WHO_WAS_THERE),
    "list_messages": Row(WHO_WAS_THERE),
    "list_visits": Row(WHO_WAS_THERE),
    "list_playback": Row(WHO_WAS_THERE),
    # Programs
    "feed_films": Row(FEED, rows=film_row("tt-may")),
    "feed_people": Row(FEED, rows=person_row("u-may")),
    "feed_friendships": Row(FEED, rows=friendship_row("Other", "u-may")),
    "feed_wishes": Row(FEED, rows=wish_row("Other", "tt-may")),
    "feed_captions": Row(FEED, file=CAPTIONS),
    "replace_friends": Row(FEED, body={"items": []}, query=SUBJECTS),
    "replace_wishes": Row(FEED, body={"items": []}, query=SUBJECTS),
    "finish_run": Row(FEED, query={"force": "true"}),
    "read_person_by_subject": Row(FEED_OR_ADMIN, query=SUBJECTS),
    "block_person": Row(ADMIN, query=SUBJECTS),
    "unblock_person": Row(ADMIN, query=SUBJECTS),
    "erase_person": Row(FEED_OR_ADMIN, query=SUBJECTS),
    "erase_me": Row(EVERYBODY),
}
LAST: Final = ("erase_person", "erase_me")  # after them nobody is left to ask


@dataclass(frozen=True)
class Operation:
    """An operation of the OpenAPI document."""

    name: str
    method: str
    path: str


OPERATIONS: Final = {
    operation["operationId"]: Operation(operation["operationId"], method.upper(), path)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
}


class Scene:
    """People around a room for invited ones, and the cinema's programs."""

    def __init__(self, program: FeedingProgram, people: Mapping[str, User], film_id: str) -> None:
        self.program = program
        self.people = people
        self.film_id = film_id

    def viewer(self, name: str) -> Viewer:
        return self.program.site.viewer(self.people.get(name))

    async def new_room(self) -> dict[str, str]:
        """Open another room and return what its operations' paths name."""
        id_of = {name: str(person.id) for name, person in self.people.items()}
        order = {
            "film_id": self.film_id,
            "access": "invited",
            "invite": {"users": [id_of["invited"], id_of["banned"]]},
            "moderators": [id_of["moderator"]],
        }
        owner = self.viewer("owner")
        room = (await owner.post("/rooms", order)).body
        assert (await owner.put(f"/rooms/{room['code']}/bans/{id_of['banned']}")).status == 204
        (invitation,) = [one for one in room["invitations"] if one["invitee"]["id"] == id_of["invited"]]
        await runs.begin(self.program.cinema.db, room["id"], "films")
        return {
            "code": room["code"],
            "room": room["code"],
            "film_id": self.film_id,
            "invitation_id": invitation["id"],
            "run_id": room["id"],
            "subject": "Other",
        }

    async def ask(self, actor: str, operation: Operation, row: Row, names: Mapping[str, str]) -> Answer:
        """Send the row's request as one of ACTORS."""
        places = {**names, **{name: str(self.people[who].id) for name, who in row.path.items()}}
        path = operation.path.format(**places)
        options: dict[str, Any] = {"params": {name: it or places[name] for name, it in row.query.items()}}
        if row.file is not None:
            options |= {"data": row.file, "headers": {"Content-Type": "application/octet-stream"}}
        if row.rows is not None:
            options |= {"json": row.rows, "headers": {"Content-Type": NDJSON}}
        elif row.body is not None:
            options["json"] = {name: it if it != "" else places[name] for name, it in row.body.items()}
        if actor in PROGRAMS:
            scope = "" if actor == "no scope" else actor
            return await self.program.acting_with(scope=scope).send(operation.method, path, **options)
        return await self.viewer(actor).send(operation.method, path, **options)


@pytest.fixture(scope="module")
async def scene(databases: Databases) -> AsyncIterator[Scene]:
    url = databases.make_migrated()
    async with feeding(url, policy=UNLIMITED) as program:
        cinema = program.cinema
        people = {name: await cinema.person(name.title()) for name in (*PEOPLE, "other")}
        await cinema.befriend(people["owner"], *(people[name] for name in ("invited", "banned", "moderator")))
        yield Scene(program, people, str(await cinema.film()))
    databases.drop(url)


def test_every_operation_has_a_row_and_every_row_an_answer_for_everybody() -> None:
    assert set(TABLE) == set(OPERATIONS)
    assert [name for name, row in TABLE.items() if set(row.answers) != set(ACTORS)] == []


@pytest.mark.parametrize("name", [*(name for name in OPERATIONS if name not in LAST), *LAST])
async def test_everybody_is_answered_as_the_table_says(scene: Scene, name: str) -> None:
    operation, row = OPERATIONS[name], TABLE[name]
    names = await scene.new_room()

    answered = {}
    for actor in ACTORS:
        answer = await scene.ask(actor, operation, row, names)
        answered[actor] = OK if answer.status < 300 else answer.code

    assert answered == dict(row.answers)
