"""Consumes the queue `notifications` while mail can go out, and carries each outcome out with confirms."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from deploy.neighbours.notifier.answers import answer_to
from deploy.neighbours.notifier.delivery import Smtp
from deploy.neighbours.notifier.handling import Attempt, Done, Outcome, Postponed, SetAside
from deploy.neighbours.notifier.queues import (
    EXCHANGE,
    QUEUE,
    declare,
    delay_after,
    postponed,
    read_attempt,
    retry_queue,
    set_aside,
)

# How many mails are in hand at once; the broker keeps the rest.
IN_HAND = 8
CONNECT_TIMEOUT_S = 10.0
CONFIRM_TIMEOUT_S = 10.0
BACKOFF_S = (0.5, 1, 2)
PROBE_BACKOFF_S = (0.5, 1, 2, 5, 10)
PROBE_EVERY_S = 15.0
# At a stop, mails in hand get this long to finish; after that the broker delivers them again.
PARTING_S = 20.0

BROKER_DOWN = (*CONNECTION_EXCEPTIONS, TimeoutError)

log = structlog.stdlib.get_logger("notifier")
Handle = Callable[[bytes, Attempt], Awaitable[Outcome]]


@dataclass(frozen=True)
class Session:
    """One connection to the broker, from its declarations to its loss."""

    channel: AbstractChannel
    queue: AbstractQueue
    dead_letters: AbstractExchange
    lost: asyncio.Event


class Consumer:
    """Consumes `notifications` through every loss of broker and mail server. `trouble` is None while connected."""

    def __init__(
        self,
        url: str,
        *,
        smtp: Smtp,
        handle: Handle,
        retry_delays_s: tuple[int, ...],
        now: Callable[[], datetime],
    ) -> None:
        self._url = url
        self._smtp = smtp
        self._handle = handle
        self._retry_delays_s = retry_delays_s
        self._now = now
        self._in_hand: set[asyncio.Task[None]] = set()
        self.trouble: str | None = "not connected yet"

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping`; then finish the mails in hand and return."""
        failures = 0
        while not stopping.is_set():
            try:
                await self._connected(stopping)
            except BROKER_DOWN as error:
                failures = 1 if self.trouble is None else failures + 1
                self.trouble = f"the broker (AMQP_URL) is away: {type(error).__name__}: {error}"
                log.warning("broker away", problem=f"{type(error).__name__}: {error}")
                await first_of(stopping, timeout_s=BACKOFF_S[min(failures, len(BACKOFF_S)) - 1])
        await self._finish()

    async def _connected(self, stopping: asyncio.Event) -> None:
        """Work with one connection; raises one of `BROKER_DOWN` when it is lost."""
        connection = await aio_pika.connect(
            self._url, timeout=CONNECT_TIMEOUT_S, client_properties={"connection_name": "notifier"}
        )
        async with connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            lost = asyncio.Event()
            channel.close_callbacks.add(lambda *_: lost.set())
            # The broker cancels a consumer whose queue was deleted or moved; the channel stays open then.
            (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(lambda _: lost.set())
            await channel.set_qos(prefetch_count=IN_HAND)
            session = Session(channel, *await declare(channel, self._retry_delays_s), lost)
            self.trouble = None
            log.info("broker connected")
            while not stopping.is_set() and not lost.is_set():
                if await self._mail_can_go(session, stopping):
                    await self._consume(session, stopping)
            if not lost.is_set():
                await self._finish()  # while the connection can still carry their outcomes
        if lost.is_set() and not stopping.is_set():
            raise ConnectionError("it closed the connection, the channel or the consumer")

    async def _mail_can_go(self, session: Session, stopping: asyncio.Event) -> bool:
        """Wait until the mail server answers; meanwhile the broker keeps the messages, and none of them has to fail."""
        tries = 0
        while not stopping.is_set() and not session.lost.is_set():
            if await self._smtp.probe():
                return True
            if tries == 0:
                log.warning("consuming pauses: no mail can go out", problem=self._smtp.trouble)
            tries += 1
            await first_of(stopping, session.lost, timeout_s=PROBE_BACKOFF_S[min(tries, len(PROBE_BACKOFF_S)) - 1])
        return False

    async def _consume(self, session: Session, stopping: asyncio.Event) -> None:
        """Consume until the stop or until broker or mail server are lost."""

        async def on_message(message: AbstractIncomingMessage) -> None:
            # Not awaited: aio-pika cancels its callbacks when the connection is lost, and a mail that the server has
            # accepted by then must be remembered all the same.
            task = asyncio.create_task(self._settle(message, session))
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)

        tag = await session.queue.consume(on_message, timeout=CONFIRM_TIMEOUT_S)
        log.info("consuming")
        try:
            while not (stopping.is_set() or session.lost.is_set() or self._smtp.lost.is_set()):
                await first_of(stopping, session.lost, self._smtp.lost, timeout_s=PROBE_EVERY_S)
                if not stopping.is_set() and not session.lost.is_set():
                    await self._smtp.probe()
        finally:
            if not session.lost.is_set():
                with suppress(*BROKER_DOWN):
                    await session.queue.cancel(tag, timeout=CONFIRM_TIMEOUT_S)

    async def _finish(self) -> None:
        """Wait until the mails in hand have come to their end, for `PARTING_S` at most."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=PARTING_S)

    async def _settle(self, message: AbstractIncomingMessage, session: Session) -> None:
        attempt = read_attempt(message.headers)
        outcome = await self._handle(message.body, attempt)
        try:
            answer = answer_to(message.body, outcome, self._now())
            if answer is not None:
                events = await session.channel.get_exchange(EXCHANGE, ensure=False)
                # Nobody has to listen.
                await events.publish(answer, answer.type or "", mandatory=False, timeout=CONFIRM_TIMEOUT_S)
            match outcome:
                case Postponed(problem=problem):
                    retry = postponed(message, attempt, problem, self._now())
                    queue = retry_queue(delay_after(attempt, self._retry_delays_s))
                    await session.channel.default_exchange.publish(retry, queue, timeout=CONFIRM_TIMEOUT_S)
                case SetAside(reason, problem):
                    dead_letter = set_aside(message, attempt, reason, problem)
                    await session.dead_letters.publish(dead_letter, QUEUE, timeout=CONFIRM_TIMEOUT_S)
                case Done():
                    pass
            await message.ack()
        except BROKER_DOWN as error:
            # Not acknowledged, so it comes again, and the memory knows whether its mail went out.
            log.warning("outcome not carried out", problem=f"{type(error).__name__}: {error}")
            with suppress(*BROKER_DOWN):
                await asyncio.sleep(BACKOFF_S[0])
                await message.nack(requeue=True)


async def first_of(*events: asyncio.Event, timeout_s: float) -> None:
    """Return when one of the events is set, or after the time."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
