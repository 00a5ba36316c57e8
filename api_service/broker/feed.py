"""The cinema's data as events: the same rows as over the API, one an event, from the queue `feed`."""

import asyncio
from collections.abc import Mapping
from typing import Final

from api_service.database import ConstraintViolated, Database, DatabaseUnavailable, InvalidValue
from api_service.usecases.feed.rows import FILMS, FRIENDSHIPS, PEOPLE, WISHES, Feed, Outcome, apply_in, read_object
from shared.broker import Broker, Transient
from shared.events.envelope import Event, InvalidEvent
from shared.events.feed import FEED_FILM, FEED_FRIENDSHIP, FEED_PERSON, FEED_WISH, SCHEMAS

QUEUE: Final = "feed"
# As in the archive: the broker hands over more events at once than there are connections.
AT_ONCE: Final = 4
# Events come in any order, so a wish may come a moment before its film; who is still unknown then never comes.
KNOWN_WITHIN_S: Final = 5.0
ASK_AGAIN_S: Final = 0.5

_FEEDS: Final[Mapping[str, Feed]] = {
    FEED_FILM: FILMS,
    FEED_PERSON: PEOPLE,
    FEED_FRIENDSHIP: FRIENDSHIPS,
    FEED_WISH: WISHES,
}


class FeedConsumer:
    """Brings events in, which may come twice: a version that stands already changes nothing.

    ``issuer`` is whose subjects people are where an event does not say.
    """

    def __init__(self, db: Database, issuer: str, *, known_within_s: float = KNOWN_WITHIN_S) -> None:
        self._db = db
        self._issuer = issuer
        self._known_within_s = known_within_s
        self._places = asyncio.Semaphore(AT_ONCE)

    def consume(self, broker: Broker) -> None:
        """Take the queue; to be called before the broker starts."""
        broker.consume(QUEUE, tuple(_FEEDS), self.bring_in)

    async def bring_in(self, event: Event) -> None:
        """Apply one event; raises Transient while PostgreSQL is away and InvalidEvent for what cannot be applied."""
        feed = _FEEDS[event.type]
        loop = asyncio.get_running_loop()
        until = loop.time() + self._known_within_s
        while (refused := await self._apply(feed, event)) is not None:
            if loop.time() >= until:
                raise InvalidEvent(refused)
            await asyncio.sleep(ASK_AGAIN_S)

    async def _apply(self, feed: Feed, event: Event) -> str | None:
        """Return why the event cannot be applied yet, or None once it is."""
        row = read_object(feed, event.data, self._issuer, schema=SCHEMAS[event.type])
        if row.values is None:
            raise InvalidEvent(_reason(row.outcome))
        try:
            async with self._places, self._db.transaction() as transaction:
                (outcome,) = await apply_in(transaction, feed, [row.values])
        except DatabaseUnavailable as error:
            raise Transient(str(error)) from error
        except (ConstraintViolated, InvalidValue) as error:
            raise InvalidEvent(str(error)) from error
        return _reason(outcome) if outcome.problem is not None else None


def _reason(outcome: Outcome | None) -> str:
    problem = outcome.problem if outcome is not None else None
    return f"{problem.code}: {problem.field}: {problem.detail}" if problem is not None else "refused"
