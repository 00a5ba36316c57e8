"""Work at intervals: waiting for PostgreSQL at the start, old rows, the outbox's age, reminders, abandoned rooms."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import ARRAY, Integer, Interval, Table, Text, bindparam, cast, delete, exists, func, select, tuple_

from api_service.broker import outbox_relay
from api_service.database import Database, DatabaseUnavailable, Statement
from api_service.site import Site
from api_service.tables import (
    caption_files,
    erasures,
    feed_runs,
    films,
    idempotency_keys,
    inbox,
    invitations,
    limit_uses,
    match_rankings,
    provider_logouts,
    removed_friendships,
    removed_wishes,
    rooms,
    sessions,
    users,
)
from api_service.tables import outbox as outbox_table
from api_service.usecases import room_guests, screenings
from api_service.usecases.matches import KEPT_FOR
from api_service.usecases.people import MAIL_ISSUER

log = structlog.get_logger(__name__)

FIRST_PAUSE_S: Final = 0.5
MOST_PAUSE_S: Final = 5.0
MEASURE_EVERY_S: Final = 30.0
PURGE_EVERY_S: Final = 3600.0
REMIND_EVERY_S: Final = 20.0
CLOSE_EVERY_S: Final = 300.0
BATCH: Final = screenings.BATCH
PURGE_BATCH: Final = 5_000  # far from a statement's deadline


def _purge(table: Table, moment: Any) -> Statement:
    key = tuple_(*table.primary_key.columns)
    old = select(*table.primary_key.columns).where(moment < func.now() - bindparam("age", type_=Interval))
    return Statement(delete(table).where(key.in_(old.limit(bindparam("batch", type_=Integer)))))


# Addresses that were invited and never became an account, once the last room is over to which they were.
_GUESTS: Final = Statement(
    delete(users).where(
        users.c.id.in_(
            select(users.c.id)
            .where(
                users.c.issuer == MAIL_ISSUER,
                users.c.updated_at < func.now() - bindparam("age", type_=Interval),
                ~exists().where(
                    invitations.c.invitee_id == users.c.id,
                    invitations.c.room_id == rooms.c.id,
                    func.coalesce(rooms.c.closed_at, func.now()) > func.now() - bindparam("age", type_=Interval),
                ),
            )
            .limit(bindparam("batch", type_=Integer))
        )
    )
)
# Found once, however many files there are.
_named_captions = select(
    func.regexp_matches(cast(films.c.captions, Text), r"/captions/([0-9a-f]{32})\.vtt", "g", type_=ARRAY(Text))[1]
)
# Files of captions that no film names, or none does any more.
_CAPTIONS: Final = Statement(
    delete(caption_files).where(
        caption_files.c.id.in_(
            select(caption_files.c.id)
            .where(
                caption_files.c.fed_at < func.now() - bindparam("age", type_=Interval),
                caption_files.c.id.not_in(_named_captions),
            )
            .limit(bindparam("batch", type_=Integer))
        )
    )
)
_PURGES: Final = (
    (_purge(outbox_table, outbox_table.c.published_at), timedelta(days=7)),
    # As long as an event may be delivered again, at the latest from a dead-letter queue that is replayed.
    (_purge(inbox, inbox.c.consumed_at), timedelta(days=30)),
    (_purge(idempotency_keys, idempotency_keys.c.created_at), timedelta(days=1)),
    # No system of the cinema's sends a version that is older than that; a run is finished long before.
    (_purge(removed_friendships, removed_friendships.c.removed_at), timedelta(days=30)),
    (_purge(removed_wishes, removed_wishes.c.removed_at), timedelta(days=30)),
    (_purge(feed_runs, feed_runs.c.started_at), timedelta(days=30)),
    (_purge(limit_uses, limit_uses.c.resets_at), timedelta()),
    (_purge(match_rankings, match_rankings.c.ranked_at), KEPT_FOR),
    (_purge(sessions, sessions.c.expires_at), timedelta(days=1)),
    # As long as ids of events: one of a deleted person may come from a dead-letter queue that is replayed.
    (_purge(erasures, erasures.c.erased_at), timedelta(days=30)),
    # Longer than any access token should live.
    (_purge(provider_logouts, provider_logouts.c.ended_at), timedelta(days=7)),
    (_GUESTS, timedelta(days=30)),
    (_CAPTIONS, timedelta(days=7)),
)


class Housekeeping:
    """Does all of it between ``start`` and ``close``; what fails is logged and tried again at its next turn."""

    def __init__(self, db: Database, site: Site) -> None:
        self._db = db
        self._site = site
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="housekeeping")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        await wait_for_database(self._db)
        await asyncio.gather(
            _every(MEASURE_EVERY_S, lambda: outbox_relay.measure(self._db)),
            _every(PURGE_EVERY_S, lambda: purge(self._db)),
            _every(REMIND_EVERY_S, lambda: _all(screenings.remind, self._db, self._site)),
            _every(PURGE_EVERY_S, lambda: _all(room_guests.forget_old, self._db, self._site)),
            _every(CLOSE_EVERY_S, lambda: _all(screenings.close_abandoned, self._db, self._site)),
        )


async def wait_for_database(db: Database) -> None:
    """Return when PostgreSQL has answered once; until then log what is missing."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            await db.check()
        except DatabaseUnavailable as error:
            log.warning("PostgreSQL (DATABASE_URL) is away, trying again", reason=str(error), pause_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, MOST_PAUSE_S)
        else:
            log.info("PostgreSQL answers")
            return


async def purge(db: Database) -> None:
    """Delete old rows: published events, ids of consumed ones, idempotency keys that nobody repeats any more."""
    for statement, age in _PURGES:
        while await db.run(statement, age=age, batch=PURGE_BATCH) == PURGE_BATCH:
            pass


async def _all(work: Callable[[Database, Site], Awaitable[int]], db: Database, site: Site) -> None:
    """Do all that is due, a batch at a time; several processes share it."""
    while await work(db, site) == BATCH:
        pass


async def _every(pause_s: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except DatabaseUnavailable as error:
            log.warning("housekeeping put off", reason=str(error))
        except Exception:  # one task's mistake must not end the others
            log.exception("housekeeping failed")
        await asyncio.sleep(pause_s)
