"""The seed fills what is empty and leaves alone what people did."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from api_service.database import Database
from api_service.seed import Demo, Report, read_demo, seed
from api_service.usecases.films import catalogue, unwant, wanted
from api_service.usecases.friends import end, friends
from api_service.usecases.matches import friends_wanting, ranked
from api_service.usecases.people import upsert_user, user_by_subject

ROOT = Path(__file__).parents[3]
DEMO_DIR = ROOT / "deploy/demo"
ISSUER = "http://identity.test"


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.start()
    yield database
    await database.close()


@pytest.fixture
def demo() -> Demo:
    return read_demo(DEMO_DIR)


async def viewer(db: Database, sub: str) -> UUID:
    user = await user_by_subject(db, ISSUER, sub)
    assert user is not None
    return user.id


def film_id(demo: Demo, slug: str) -> UUID:
    return next(UUID(str(film["id"])) for film in demo.films if film["slug"] == slug)


def run_seed(**env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api_service", "seed"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


async def test_matches_range_from_three_friends_to_none(db: Database, demo: Demo) -> None:
    await seed(db, demo, ISSUER)
    alisa = await viewer(db, "alisa")
    assert [person.name for person in (await friends_wanting(db, alisa, film_id(demo, "tide-keeper"))).items] == [
        "Carla Mendes",
        "Борис Климов",
        "Елена Соболь",
    ]
    assert (await friends_wanting(db, alisa, film_id(demo, "upper-pines"))).items == []
    counts = {match.film.slug: match.friends_count for match in (await ranked(db, alisa, "ru")).items}
    assert counts == {"tide-keeper": 3, "far-side-garden": 3, "paper-whales": 2, "noon-express": 1}


async def test_a_request_waits_for_an_answer(db: Database, demo: Demo) -> None:
    await seed(db, demo, ISSUER)
    asked = {friend.person.name: friend.status for friend in (await friends(db, await viewer(db, "alisa"))).items}
    assert asked["Фарид Ганиев"] == "incoming"
    asked = {friend.person.name: friend.status for friend in (await friends(db, await viewer(db, "farid"))).items}
    assert asked["Алиса Ветрова"] == "outgoing"


async def test_signing_in_finds_the_seeded_viewer(db: Database, demo: Demo) -> None:
    await seed(db, demo, ISSUER)
    seeded = await viewer(db, "boris")
    signed_in = await upsert_user(
        db, issuer=ISSUER, subject="boris", name="Борис Климов", email="boris@example.com", locale="ru"
    )
    assert signed_in.id == seeded


async def test_a_repeated_seed_does_nothing(db: Database, demo: Demo) -> None:
    first = await seed(db, demo, ISSUER)
    assert (len(first.new_films), len(first.new_viewers)) == (len(demo.films), len(demo.viewers))
    assert await seed(db, demo, ISSUER) == Report()


async def test_what_people_did_since_stays(db: Database, demo: Demo) -> None:
    await seed(db, demo, ISSUER)
    alisa, boris = await viewer(db, "alisa"), await viewer(db, "boris")
    await end(db, alisa, boris)
    await unwant(db, alisa, film_id(demo, "tide-keeper"))
    await upsert_user(db, issuer=ISSUER, subject="alisa", name="Алиса Иная", email="a@example.com", locale="en")

    await seed(db, demo, ISSUER)

    assert "Борис Климов" not in {friend.person.name for friend in (await friends(db, alisa)).items}
    assert "tide-keeper" not in {film.slug for film in (await wanted(db, alisa, "ru")).items}
    now = await user_by_subject(db, ISSUER, "alisa")
    assert now is not None
    assert (now.name, now.email, now.locale) == ("Алиса Иная", "a@example.com", "en")


async def test_a_changed_film_is_brought_up_to_date(db: Database, demo: Demo) -> None:
    await seed(db, demo, ISSUER)
    demo.films[0]["title"] = {"ru": "Другое имя", "en": "Another name"}
    report = await seed(db, demo, ISSUER)
    assert (report.changed_films, report.new_films) == ([demo.films[0]["slug"]], [])
    assert "Другое имя" in {film.title for film in (await catalogue(db, None, "ru")).items}


async def test_a_viewer_added_later_comes_with_friends_and_wishes(db: Database, demo: Demo) -> None:
    later = next(viewer for viewer in demo.viewers if viewer["sub"] == "grace")
    everybody = demo.viewers.copy()
    demo.viewers.remove(later)
    names = {name: [viewer[name] for viewer in demo.viewers] for name in ("friends", "requests")}
    for lists in names.values():
        for entries in lists:
            if "grace" in entries:
                entries.remove("grace")
    await seed(db, demo, ISSUER)

    report = await seed(db, Demo(demo.films, everybody), ISSUER)

    assert report.new_viewers == ["grace"]
    assert {friend.person.name for friend in (await friends(db, await viewer(db, "grace"))).items} == {
        "Carla Mendes",
        "Hugo Lindqvist",
    }
    assert report.wishes == len(later["watchlist"])


async def test_two_seeds_at_once_make_one_demo(db: Database, demo: Demo) -> None:
    one, other = await asyncio.gather(seed(db, demo, ISSUER), seed(db, demo, ISSUER))
    assert sorted(one.new_viewers + other.new_viewers) == sorted(viewer["sub"] for viewer in demo.viewers)
    assert one.wishes + other.wishes == sum(len(viewer["watchlist"]) for viewer in demo.viewers)


def test_the_command_tells_what_it_did(database_url: str) -> None:
    first = run_seed(DATABASE_URL=database_url, OIDC_ISSUER=ISSUER)
    assert first.returncode == 0, first.stderr
    assert "films: 6 new" in first.stdout
    assert "viewers: 8 new: alisa, boris" in first.stdout
    again = run_seed(DATABASE_URL=database_url, OIDC_ISSUER=ISSUER)
    assert "films: 0 new, 0 brought up to date\nviewers: 0 new\n" in again.stdout


def test_missing_settings_are_named_together() -> None:
    refused = run_seed()
    assert refused.returncode != 0
    assert "DATABASE_URL" in refused.stderr
    assert "OIDC_ISSUER" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_without_tables_names_the_remedy(empty_database_url: str) -> None:
    refused = run_seed(DATABASE_URL=empty_database_url, OIDC_ISSUER=ISSUER)
    assert refused.returncode != 0
    assert "alembic upgrade head" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_is_away_is_told_in_one_line(free_port: int) -> None:
    refused = run_seed(DATABASE_URL=f"postgresql://u:p@127.0.0.1:{free_port}/movie_together", OIDC_ISSUER=ISSUER)
    assert refused.returncode != 0
    assert str(free_port) in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"friends": ["nobody"]}, "alisa.friends names 'nobody'"),
        ({"watchlist": ["no-such-film"]}, "alisa.watchlist names 'no-such-film'"),
        ({"requests": ["alisa"]}, "alisa.requests names 'alisa'"),
        ({"email": "not an address"}, "email"),
    ],
)
def test_a_broken_demo_is_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    shutil.copy(DEMO_DIR / "films.json", tmp_path)
    viewers = json.loads((DEMO_DIR / "viewers.json").read_text())
    viewers[0] |= change
    (tmp_path / "viewers.json").write_text(json.dumps(viewers))
    refused = run_seed(DATABASE_URL="postgresql://u:p@127.0.0.1:9/none", OIDC_ISSUER=ISSUER, DEMO_DIR=str(tmp_path))
    assert refused.returncode != 0
    assert complaint in refused.stderr
    assert "viewers.json" in refused.stderr


def test_a_missing_demo_folder_names_the_setting(tmp_path: Path) -> None:
    refused = run_seed(
        DATABASE_URL="postgresql://u:p@127.0.0.1:9/none", OIDC_ISSUER=ISSUER, DEMO_DIR=str(tmp_path / "away")
    )
    assert refused.returncode != 0
    assert "DEMO_DIR" in refused.stderr
