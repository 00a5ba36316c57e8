"""Complete runs: what the cinema's whole list does not name is removed at the end.

A run names rows in any number of requests. What was fed before it began and is not named by it goes; what people made
here themselves, and what a newer version has touched since, stays. A removed thing comes back with whatever version
names it next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from api_service.database import Database, Statement
from api_service.problems import RUN_FINISHED, RUN_NOT_FOUND, RUN_REMOVES_TOO_MUCH
from api_service.usecases.feed.rows import TURN

# A run that leaves out more than this is more likely broken than right.
MOST_REMOVED: Final = 0.2
CHUNK: Final = 20_000  # rows looked at by one statement, whose deadline must never be near
_NIL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Removal:
    """What a run does to one kind of rows: how many were fed and standing, and how many of them it removes."""

    fed: int
    removed: int


@dataclass(frozen=True)
class _Kind:
    count: Statement
    remove: Statement


def _kind(name: str, table: str, one: str, other: str, fed: str, removal: str) -> _Kind:
    leaving = f"""{fed} AND version_at < :started_at AND NOT EXISTS (
        SELECT FROM feed_named WHERE run_id = :run_id AND kind = '{name}' AND one_id = {one} AND other_id = {other}
    )"""
    count = f"""
WITH chunk AS (
    SELECT {one} AS one_id, {other} AS other_id, {fed} AS is_fed, {leaving} AS is_leaving FROM {table}
    WHERE ({one}, {other}) > (CAST(:after_one AS uuid), CAST(:after_other AS uuid))
    ORDER BY {one}, {other} LIMIT :chunk
), last AS (
    SELECT one_id, other_id FROM chunk ORDER BY one_id DESC, other_id DESC LIMIT 1
)
SELECT count(*) FILTER (WHERE is_fed) AS fed, count(*) FILTER (WHERE is_leaving) AS leaving,
    (SELECT one_id FROM last) AS last_one, (SELECT other_id FROM last) AS last_other
FROM chunk
"""  # noqa: S608
    chosen = f"""({one}, {other}) > (CAST(:after_one AS uuid), CAST(:after_other AS uuid))
    AND ({one}, {other}) <= (CAST(:last_one AS uuid), CAST(:last_other AS uuid)) AND {leaving}"""
    return _Kind(Statement(text(count)), Statement(text(removal.format(chosen=chosen))))


_KINDS: Final[Mapping[str, _Kind]] = {
    "wishes": _kind("wishes", "watchlist", "user_id", "film_id", "fed", "DELETE FROM watchlist WHERE {chosen}"),
    "friendships": _kind(
        "friendships",
        "friendships",
        "low_id",
        "high_id",
        "(fed AND accepted_at IS NOT NULL)",
        "DELETE FROM friendships WHERE {chosen}",
    ),
    "people": _kind(
        "people",
        "users",
        "id",
        "id",
        "(version_at IS NOT NULL AND removed_at IS NULL)",
        """
WITH gone AS (
    UPDATE users SET removed_at = now(), version_at = NULL, version_digest = NULL, updated_at = now(),
        email = NULL, time_zone = NULL, picture_url = NULL
    WHERE {chosen} RETURNING id
), parted AS (
    DELETE FROM friendships WHERE low_id IN (SELECT id FROM gone) OR high_id IN (SELECT id FROM gone)
), emptied AS (
    DELETE FROM watchlist WHERE user_id IN (SELECT id FROM gone)
)
SELECT id FROM gone
""",
    ),
    "films": _kind(
        "films",
        "films",
        "id",
        "id",
        "(external_id IS NOT NULL AND removed_at IS NULL)",
        """
UPDATE films SET removed_at = now(), version_at = NULL, version_digest = NULL, updated_at = now() WHERE {chosen}
""",
    ),
}
_BEGIN: Final = Statement(
    text("""
INSERT INTO feed_runs AS run (id, kinds) VALUES (:run_id, jsonb_build_array(CAST(:kind AS text)))
ON CONFLICT (id) DO UPDATE SET kinds = CASE WHEN run.kinds @> excluded.kinds THEN run.kinds
    ELSE run.kinds || excluded.kinds END
RETURNING finished_at IS NOT NULL AS finished
""")
)
_RUN: Final = Statement(
    text("SELECT kinds, started_at, finished_at IS NOT NULL AS finished, removed FROM feed_runs WHERE id = :run_id")
)
_FINISH: Final = Statement(
    text("""
WITH forgotten AS (DELETE FROM feed_named WHERE run_id = :run_id)
UPDATE feed_runs SET finished_at = now(), removed = CAST(:removed AS jsonb) WHERE id = :run_id
""")
)


async def begin(db: Database, run_id: str, kind: str) -> None:
    """Note that a run is complete in rows of ``kind``; raises the problem `run_finished`."""
    if (await db.one(_BEGIN, run_id=run_id, kind=kind)).finished:
        raise RUN_FINISHED.problem()


async def finish(
    db: Database, run_id: str, *, force: bool, progress: Callable[[], None] = lambda: None
) -> dict[str, Removal]:
    """Remove what the run did not name, by kind of row; finishing it again returns the same and removes nothing.

    Raises `run_not_found`, and `run_removes_too_much` unless ``force``: then nothing was removed. Calls ``progress``
    after each statement. A run that broke off on the way is finished by finishing it again.
    """
    run = await db.first(_RUN, run_id=run_id)
    if run is None:
        raise RUN_NOT_FOUND.problem()
    if run.finished:
        return {kind: Removal(**removal) for kind, removal in run.removed.items()}
    found: dict[str, Removal] = {}
    chunks: list[tuple[str, dict[str, Any]]] = []
    bounds = {"run_id": run_id, "started_at": run.started_at}
    for kind in [name for name in _KINDS if name in run.kinds]:
        fed = leaving = 0
        after = (_NIL, _NIL)
        while True:
            place = {"after_one": after[0], "after_other": after[1]}
            seen = await db.one(_KINDS[kind].count, **bounds, **place, chunk=CHUNK)
            progress()
            if seen.last_one is None:
                break
            fed, leaving = fed + seen.fed, leaving + seen.leaving
            after = (seen.last_one, seen.last_other)
            if seen.leaving:
                chunks.append((kind, {**place, "last_one": after[0], "last_other": after[1]}))
        found[kind] = Removal(fed, leaving)
    if not force:
        _check(found)
    for kind, place in chunks:
        async with db.transaction() as transaction:
            await transaction.run(TURN, turn=f"feed.{kind}")
            await transaction.run(_KINDS[kind].remove, **bounds, **place)
        progress()
    removed = {kind: {"fed": removal.fed, "removed": removal.removed} for kind, removal in found.items()}
    await db.run(_FINISH, run_id=run_id, removed=removed)
    return found


def _check(found: Mapping[str, Removal]) -> None:
    too_much = [
        {"field": kind, "message": f"{removal.removed} of {removal.fed} would be removed."}
        for kind, removal in found.items()
        if removal.removed > removal.fed * MOST_REMOVED
    ]
    if too_much:
        raise RUN_REMOVES_TOO_MUCH.problem(errors=too_much)
