"""The relay that publishes the events of the outbox (usecases/outbox.py writes them).

At least once: an event is marked only after the broker confirmed it, so a crash between the two publishes it again,
under the same id. No transaction ever waits for the broker: each process claims rows for the length of a lease.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Gauge
from sqlalchemy import Integer, Interval, Uuid, bindparam, func, null, select, update

from api_service.database import Database, DatabaseUnavailable, Row, Statement
from api_service.tables import outbox
from api_service.usecases.arrays import array_of
from api_service.usecases.outbox import SOURCE, TOPIC
from shared.broker import Broker, NotConfirmed, Unroutable
from shared.events.envelope import Event
from shared.events.feed import OPTIONAL

log = structlog.get_logger(__name__)

# Well above the broker's deadline of 5 s for a confirmation, so that a lease outlasts every publish made under it.
LEASE_S: Final = 30.0
BATCH: Final = 100
# How often to look for rows of other processes and rows whose pause has ended; one's own are announced.
LOOK_EVERY_S: Final = 1.0
RETRY_S: Final = 1.0
BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MOST_S: Final = 300.0
STOP_WITHIN_S: Final = 6.0

OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest event that the broker has not confirmed.")


_due = (
    select(outbox.c.id)
    .where(outbox.c.published_at.is_(None), outbox.c.due_at <= func.now())
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(bindparam("batch", type_=Integer))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = Statement(
    update(outbox)
    .values(due_at=func.now() + bindparam("lease", type_=Interval), attempts=outbox.c.attempts + 1)
    .where(outbox.c.id == _due.c.id)
    .returning(outbox.c.id, outbox.c.type, outbox.c.subject, outbox.c.data, outbox.c.created_at, outbox.c.attempts)
)
_MARK = Statement(
    update(outbox)
    .values(published_at=func.now(), last_error=null())
    .where(outbox.c.id == func.any(array_of("ids", Uuid)), outbox.c.published_at.is_(None))
)
_PUT_OFF = Statement(
    update(outbox)
    .values(due_at=func.now() + bindparam("pause", type_=Interval), last_error=bindparam("reason"))
    # A process that was frozen past its lease must not cut short the lease of the one that took over.
    .where(
        outbox.c.id == bindparam("event_id"),
        outbox.c.attempts == bindparam("attempts"),
        outbox.c.published_at.is_(None),
    )
)
_OLDEST = Statement(
    select(func.coalesce(func.extract("epoch", func.now() - func.min(outbox.c.created_at)), 0).label("age_s")).where(
        outbox.c.published_at.is_(None)
    )
)


class Relay:
    """Publishes the outbox's events, from ``start`` to ``close``."""

    def __init__(self, db: Database, broker: Broker, *, lease_s: float = LEASE_S, batch: int = BATCH) -> None:
        self._db = db
        self._broker = broker
        self._lease_s = lease_s
        self._batch = batch
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="outbox relay")

    async def close(self) -> None:
        """Finish the batch under way, so that its events are not published again when their lease ends."""
        if self._task is None:
            return
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN_S):
                await self._idle.wait()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _run(self) -> None:
        announced = self._db.announcement(TOPIC)
        while not self._stopping:
            announced.clear()
            try:
                claimed = await self.relay()
            except DatabaseUnavailable as error:
                log.warning("the outbox cannot be read, trying again", reason=str(error))
                claimed = 0
            except Exception:  # the relay must survive any mistake: without it no invitation is mailed
                log.exception("relaying failed, trying again")
                claimed = 0
            if claimed < self._batch:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await announced.wait()

    async def relay(self) -> int:
        """Claim the events that are due, publish them, mark those confirmed; return how many were claimed."""
        await self._broker.wait_connected()
        self._idle.clear()
        try:
            claimed = await self.claim()
            if claimed:
                outcomes = await asyncio.gather(*(self._publish(row) for row in claimed))
                await self.settle(claimed, outcomes)
        finally:
            self._idle.set()
        return len(claimed)

    async def claim(self) -> list[Row]:
        """Return events that are due; no other relay claims them until the lease ends."""
        return await self._db.all(_CLAIM, batch=self._batch, lease=timedelta(seconds=self._lease_s))

    async def _publish(self, row: Row) -> str | None:
        """Return None once the broker has confirmed the event, or the reason why it has not."""
        event = Event(str(row.id), row.type, row.subject, row.data, row.created_at, SOURCE)
        try:
            await self._broker.publish(event)
        except Unroutable as error:
            if row.type in OPTIONAL:
                return None  # nobody is bound for it, and nobody has to be
            log.warning("event not published, it will be tried again", id=event.id, type=event.type, reason=str(error))
            return f"{type(error).__name__}: {error}"
        except NotConfirmed as error:
            log.warning("event not published, it will be tried again", id=event.id, type=event.type, reason=str(error))
            return f"{type(error).__name__}: {error}"
        except Exception as error:
            log.exception("publishing failed, it will be tried again", id=event.id, type=event.type)
            return f"{type(error).__name__}: {error}"
        return None

    async def settle(self, claimed: Sequence[Row], outcomes: Sequence[str | None]) -> None:
        """Mark the confirmed events and put off the rest; an outcome is None or the reason."""
        done = [row.id for row, reason in zip(claimed, outcomes, strict=True) if reason is None]
        if done:
            await self._db.run(_MARK, ids=done)
        for row, reason in zip(claimed, outcomes, strict=True):
            if reason is not None:
                await self._db.run(
                    _PUT_OFF,
                    event_id=row.id,
                    attempts=row.attempts,
                    pause=_pause(reason, row.attempts),
                    reason=reason,
                )


def _pause(reason: str, attempts: int) -> timedelta:
    """Return how long an event waits: a short time while the broker is away, else longer with each attempt."""
    if reason.startswith(NotConfirmed.__name__):
        return timedelta(seconds=RETRY_S)
    return timedelta(seconds=min(BACKOFF_FIRST_S * 2 ** min(attempts - 1, 20), BACKOFF_MOST_S))


async def measure(db: Database) -> None:
    """Set the gauge of the oldest unpublished event."""
    OLDEST.set(float((await db.one(_OLDEST)).age_s))
