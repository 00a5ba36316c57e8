"""The commands of api_service, each against the stores that it works with."""

import json
import re
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import api_service.cli
import sync_service.cli
from api_service.database import Database
from api_service.usecases import outbox, sessions
from shared.events.envelope import Event, new_event
from shared.events.rooms import ROOM_CLOSED
from shared.service import EX_CONFIG
from tests.support.api_fixtures import Cinema, running_site, settings_for
from tests.support.commands import command, environment
from tests.support.identity_adversary import Adversary

FILES = Path(__file__).parents[3] / "docs" / "examples" / "feed"


def a_closing() -> Event:
    data = {"version": 2, "partition": 1, "reason": "owner", "closed_at": "2026-01-02T03:04:05Z"}
    return new_event(ROOM_CLOSED, str(uuid4()), data, source="api_service")


async def test_rooms_are_listed_shown_and_closed(database_url: str, cinema: Cinema, free_port: int) -> None:
    anna = await cinema.person("Anna", locale="en")
    film = await cinema.film()
    async with running_site(settings_for(database_url, port=free_port)) as site:
        codes = [(await site.viewer(anna).post("/rooms", {"film_id": str(film)})).body["code"] for _ in range(2)]
    env = environment(database_url)

    listed = await command("api_service", env, "rooms", "list", "--limit", "1")
    shown = await command("api_service", env, "rooms", "show", codes[0])
    closed = await command("api_service", env, "rooms", "close", codes[0])
    again = await command("api_service", env, "rooms", "close", codes[0])
    unknown = await command("api_service", env, "rooms", "show", "x" * 22)
    still_open = await command("api_service", env, "rooms", "list", "--status", "open")

    assert codes[1] in listed.out
    assert "Anna" in listed.out
    assert codes[0] not in listed.out
    assert json.loads(shown.out)["owner"]["id"] == str(anna.id)
    assert (closed.code, again.code) == (0, 0)
    assert "was closed already" in again.out
    assert codes[1] in still_open.out
    assert codes[0] not in still_open.out
    assert (unknown.code, unknown.out) == (1, "")
    assert "room_not_found" in unknown.err
    told = await cinema.rows("SELECT data FROM outbox WHERE type = 'room.closed.v1'")
    assert [row.data["reason"] for row in told] == ["cinema"]


async def test_blocking_a_person_ends_their_sessions(database_url: str, db: Database, cinema: Cinema) -> None:
    boris = await cinema.person("Boris")
    env = environment(database_url)

    blocked = await command("api_service", env, "people", "block", "Boris")
    standing = await sessions.user_by_session(db, boris.id)
    unknown = await command("api_service", env, "people", "block", "Boris", "--issuer", "https://other.test")

    assert blocked.code == 0, blocked.err
    assert standing is None
    ended = await cinema.rows("SELECT data FROM outbox WHERE type = 'session.ended.v1'")
    assert [row.data["reason"] for row in ended] == ["blocked"]
    assert unknown.code == 1
    assert "person_not_found" in unknown.err
    unblocked = await command("api_service", env, "people", "unblock", "Boris")
    assert unblocked.code == 0
    assert await cinema.value("SELECT count(*) FROM users WHERE blocked_at IS NOT NULL") == 0


async def test_a_person_is_exported_and_erased(database_url: str, cinema: Cinema, tmp_path: Path) -> None:
    await cinema.person("Boris", email="boris@example.com")
    env, file = environment(database_url), tmp_path / "boris.zip"

    exported = await command("api_service", env, "people", "export", "Boris", str(file))
    again = await command("api_service", env, "people", "export", "Boris", str(file))
    erased = await command("api_service", env, "people", "erase", "Boris")
    gone = await command("api_service", env, "people", "export", "Boris", str(tmp_path / "more.zip"))

    assert exported.code == 0, exported.err
    with ZipFile(file) as found:
        assert "boris@example.com" in found.read("profile.json").decode()
    assert again.code == 1
    assert "File exists" in again.err
    assert erased.code == 0, erased.err
    assert await cinema.value("SELECT count(*) FROM users WHERE subject = 'Boris'") == 0
    assert gone.code == 1
    assert "person_not_found" in gone.err


async def test_files_are_fed_in_the_order_that_they_need(database_url: str, cinema: Cinema, tmp_path: Path) -> None:
    names = ("wishes", "friendships", "people", "films")
    env = environment(database_url)

    fed = await command("api_service", env, "feed", *(str(FILES / f"{name}.ndjson") for name in names))

    # One of the example's wishes names a film that nobody has fed.
    assert fed.code == 1
    assert f"{FILES / 'wishes.ndjson'}:3: film: " in fed.out
    assert "(film_not_found)" in fed.out
    assert "1 rows were refused" in fed.err
    assert await cinema.value("SELECT count(*) FROM watchlist") == 2

    again = await command("api_service", env, "feed", str(FILES / "people.ndjson"))
    assert again.code == 0, again.err
    assert "0 created, 0 changed, 3 unchanged, 0 refused" in again.out


async def test_a_complete_feed_removes_what_its_files_lack_but_never_over_a_fifth(
    database_url: str, cinema: Cinema, tmp_path: Path
) -> None:
    def write(*subjects: str) -> str:
        file = tmp_path / "people.ndjson"
        rows = ({"subject": one, "name": one, "updated_at": "2026-01-01T00:00:00Z"} for one in subjects)
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return str(file)

    env = environment(database_url)
    await command("api_service", env, "feed", "--complete", write("a", "b"))
    file = write("a")

    careful = await command("api_service", env, "feed", "--complete", file)
    kept = await cinema.value("SELECT count(*) FROM users WHERE removed_at IS NULL")
    forced = await command("api_service", env, "feed", "--complete", "--force", file)

    assert (careful.code, kept) == (1, 2)
    assert "run_removes_too_much" in careful.err
    assert forced.code == 0, forced.err
    assert "people: 1 of 2 removed" in forced.out
    assert await cinema.value("SELECT count(*) FROM users WHERE removed_at IS NULL") == 1


async def test_a_file_that_is_not_named_for_its_rows_is_refused(database_url: str, tmp_path: Path) -> None:
    env = environment(database_url)

    unnamed = await command("api_service", env, "feed", str(tmp_path / "rows.ndjson"))
    missing = await command("api_service", env, "feed", "--kind", "films", str(tmp_path / "rows.ndjson"))

    assert (unnamed.code, missing.code) == (1, 1)
    assert "--kind" in unnamed.err
    assert "No such file" in missing.err


async def test_events_that_wait_are_listed_and_sent_at_once(database_url: str, db: Database, cinema: Cinema) -> None:
    put_off, published, old = a_closing(), a_closing(), a_closing()
    async with db.transaction() as transaction:
        await outbox.add(transaction, [put_off, published, old])
    await cinema.rows(
        "UPDATE outbox SET due_at = now() + interval '4 min', attempts = 9, last_error = 'Unroutable: no queue' "
        "WHERE id = :id RETURNING id",
        id=put_off.id,
    )
    for event, ago in ((published, "1 hour"), (old, "2 days")):
        await cinema.rows(
            f"UPDATE outbox SET published_at = now() - interval '{ago}' WHERE id = :id RETURNING id",  # noqa: S608
            id=event.id,
        )
    env = environment(database_url)

    async def due() -> set[str]:
        rows = await cinema.rows("SELECT id FROM outbox WHERE published_at IS NULL AND due_at <= now()")
        return {str(row.id) for row in rows}

    listed = await command("api_service", env, "outbox", "list")
    assert put_off.id in listed.out
    assert "Unroutable: no queue" in listed.out
    assert published.id not in listed.out
    assert await due() == set()

    assert (await command("api_service", env, "outbox", "replay")).code == 0
    assert await due() == {put_off.id}

    since = str(await cinema.value("SELECT to_char(now() - interval '1 day', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"))
    assert (await command("api_service", env, "outbox", "replay", "--since", since)).code == 0
    assert await due() == {put_off.id, published.id}

    unknown = str(uuid4())
    named = await command("api_service", env, "outbox", "replay", old.id, unknown)
    assert named.code == 1
    assert unknown in named.err
    assert await due() == {put_off.id, published.id, old.id}


async def test_a_token_is_printed_only_if_it_grants_what_was_asked_for(database_url: str) -> None:
    async with Adversary().running() as issuer:
        env = environment(database_url, OIDC_ISSUER=issuer.issuer)
        issuer.token_answer = {"access_token": "abc.def", "scope": "feed"}
        granted = await command("api_service", env, "token", "cinema", given="secret\n")
        less = await command("api_service", env, "token", "cinema", "--scope", "feed admin", given="secret\n")
        issuer.token_status, issuer.token_answer = 401, {"error": "invalid_client"}
        refused = await command("api_service", env, "token", "cinema", given="wrong\n")

    assert (granted.code, granted.out) == (0, "abc.def\n"), granted.err
    assert (less.code, less.out) == (1, "")
    assert "grants no scope admin to cinema" in less.err
    assert (refused.code, refused.out) == (1, "")
    assert "invalid_client" in refused.err


def test_every_command_is_in_the_documents() -> None:
    text = (FILES.parents[1] / "operations.md").read_text()
    tables = [part.partition("\n\n")[0] for part in text.split("| `python -m ")[1:]]
    for table, commands in zip(tables, (api_service.cli.COMMANDS, sync_service.cli.COMMANDS), strict=True):
        rows = [set(re.findall(r"[a-z-]+", line.split(" | ")[0])) for line in table.splitlines()]
        undocumented = [one.name for one in commands if not any(set(one.name.split()) <= row for row in rows)]
        assert undocumented == []


def test_every_command_says_what_it_does() -> None:
    for one in (*api_service.cli.COMMANDS, *sync_service.cli.COMMANDS):
        assert (one.run.__doc__ or "").strip().partition("\n")[0].endswith((".", ":")), one.name


async def test_help_names_the_commands_and_a_wrong_one_is_refused() -> None:
    helped = await command("api_service", {}, "--help")
    of_rooms = await command("api_service", {}, "rooms", "close", "--help")
    unknown = await command("api_service", {}, "no-such-command")

    assert (helped.code, of_rooms.code, unknown.code) == (0, 0, 2)
    assert "dead-letters" in helped.out
    assert "Close a room for everyone inside" in of_rooms.out
    assert "no-such-command" in unknown.err


async def test_a_store_that_is_away_and_settings_that_are_missing_are_told(free_port: int) -> None:
    env = environment(f"postgresql://u:secret@127.0.0.1:{free_port}/none", f"amqp://u:secret@127.0.0.1:{free_port}/")

    for words in (("rooms", "list"), ("outbox", "list"), ("dead-letters", "list")):
        ended = await command("api_service", env, *words)
        assert ended.code == 1, words
        assert "_URL" in ended.err
        assert "secret" not in ended.err
    assert (await command("api_service", {}, "rooms", "list")).code == EX_CONFIG
