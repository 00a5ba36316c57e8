"""What became of mails: the consumer of the notification service's answers."""

import asyncio
from datetime import datetime
from typing import Final
from uuid import UUID

from api_service.broker.archive import is_new
from api_service.database import Database, DatabaseUnavailable
from api_service.usecases import mails
from shared.broker import Broker, Transient
from shared.events.envelope import Event, InvalidEvent
from shared.events.invitations import NOTIFICATION_FAILED, NOTIFICATION_SENT

QUEUE: Final = "api_service.notifications"
KEYS: Final = (NOTIFICATION_SENT, NOTIFICATION_FAILED)
AT_ONCE: Final = 2


class Deliveries:
    """Writes each answer once, however often and in whichever order they are delivered."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._slots = asyncio.Semaphore(AT_ONCE)

    def consume(self, broker: Broker) -> None:
        """Consume the queue of answers; call it before the broker starts."""
        broker.consume(QUEUE, KEYS, self.write)

    async def write(self, event: Event) -> None:
        """Write one answer; raises Transient while PostgreSQL is away, InvalidEvent for one that answers nothing."""
        data = event.data
        try:
            mail_id = UUID(data["event_id"])
        except ValueError:
            raise InvalidEvent("event_id is not an id of ours") from None
        invitation_id, at = UUID(data["invitation_id"]), datetime.fromisoformat(data["at"])
        try:
            async with self._slots, self._db.transaction() as transaction:
                if not await is_new(transaction, event):
                    return
                if event.type == NOTIFICATION_SENT:
                    await mails.delivered(transaction, invitation_id, mail_id, at)
                else:
                    await mails.failed(transaction, invitation_id, mail_id, at, data["reason"])
        except DatabaseUnavailable as error:
            raise Transient(str(error)) from error
