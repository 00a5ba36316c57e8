"""RabbitMQ for both services: connection, topology, publishing with confirmation, consuming with retries.

The services serve while the broker is down, so no start waits for it: a background task connects, declares the topology
and consumes, again after every loss. A plain connection, remade whole, replaces aio-pika's robust one, so that a broker
that lost its data gets its topology back in the same way as at a first start.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from aio_pika.connection import make_url
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AMQPError, ChannelInvalidStateError, DeliveryError, PublishError
from prometheus_client import Counter, Gauge

from shared.events.envelope import CONTENT_TYPE, EXCHANGE, Event, InvalidEvent, decode, encode
from shared.events.invitations import INVITATION_CHANGED, INVITATION_CREATED, INVITATION_REVOKED, REMINDER_DUE

log = structlog.get_logger(__name__)

DEAD_LETTER_EXCHANGE: Final = f"{EXCHANGE}.dead"
NOTIFICATIONS: Final = "notifications"
NOTIFICATION_KEYS: Final = (INVITATION_CREATED, INVITATION_CHANGED, INVITATION_REVOKED, REMINDER_DUE)

CONFIRM_DEADLINE_S: Final = 5.0
CONNECT_TIMEOUT_S: Final = 5.0
SETUP_DEADLINE_S: Final = 5.0
CANCEL_AGAIN_S: Final = 0.5
RECONNECT_FIRST_S: Final = 0.2
RECONNECT_MOST_S: Final = 5.0
PREFETCH: Final = 64
SURPRISES_BEFORE_DEAD: Final = 5
RETRY_MOST_S: Final = 10.0

CONNECTED = Gauge("broker_connected", "1 while the broker connection is up.")
PUBLISHED = Counter("broker_published_total", "Events the broker confirmed.", ["type"])
CONSUMED = Counter("broker_consumed_total", "Events consumed, by outcome.", ["queue", "outcome"])


class NotConfirmed(Exception):
    """The broker did not confirm the event, and may or may not have it: publish it again later, under the same id."""


class Unroutable(Exception):
    """No queue is bound for this event: this event alone has to wait for one."""


class Transient(Exception):
    """Raised by a handler whose own store is away: the event is handled again until it succeeds."""


Handler = Callable[[Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Consumer:
    queue: str
    keys: tuple[str, ...]
    handler: Handler


def queue_arguments(queue: str) -> dict[str, Any]:
    """Return a queue's arguments; others that declare it (the notification service) must use the same."""
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task that uses the broker, again and again until it has ended.

    aio-pika may swallow a cancellation that coincides with the connection's failure; a loop would then never end.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_S)


class Broker:
    """One connection to RabbitMQ that reconnects by itself; ``source`` names the publisher in its events."""

    def __init__(self, url: str, source: str) -> None:
        self._url = url
        self.source = source
        self._consumers: list[_Consumer] = []
        self._exchange: AbstractExchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    def consume(self, queue: str, keys: tuple[str, ...], handler: Handler) -> None:
        """Have ``handler`` called for each event of ``queue``; raises RuntimeError after ``start``.

        Several events are handled at once and in no order. An event is acknowledged when the handler returns, so it
        may be delivered twice: the handler stores the event's id in the transaction of its effect. InvalidEvent, or
        another exception ``SURPRISES_BEFORE_DEAD`` times, sends it to ``<queue>.dead``; Transient is retried for ever.
        """
        if self._task is not None:
            raise RuntimeError("consume() must be called before start()")
        self._consumers.append(_Consumer(queue, keys, handler))

    async def start(self) -> None:
        """Start connecting in the background and return at once."""
        self._task = asyncio.create_task(self._run(), name="broker")

    async def close(self) -> None:
        """Stop consuming and close the connection; events being handled return to their queues."""
        task, self._task = self._task, None
        if task is not None:
            await cancelled(task)

    async def check(self) -> None:
        """Raise ConnectionError while there is no connection (a note for `Health`)."""
        if not self.connected:
            raise ConnectionError("no connection to RabbitMQ (AMQP_URL)")

    async def wait_connected(self) -> None:
        """Return once the connection is up and the topology declared."""
        await self._up.wait()

    async def publish(self, event: Event, *, deadline_s: float = CONFIRM_DEADLINE_S) -> None:
        """Publish persistently and return once the broker has confirmed; raises Unroutable, NotConfirmed."""
        exchange = self._exchange
        if exchange is None:
            raise NotConfirmed("no connection to RabbitMQ")
        message = aio_pika.Message(
            encode(event),
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=event.id,
            type=event.type,
            timestamp=event.time,
            app_id=self.source,
        )
        try:
            async with asyncio.timeout(deadline_s):
                await exchange.publish(message, routing_key=event.type, mandatory=True)
        except PublishError:
            raise Unroutable(f"no queue takes {event.type}") from None
        except TimeoutError:
            raise NotConfirmed(f"no confirmation within {deadline_s:g} s") from None
        except (DeliveryError, ChannelInvalidStateError, AMQPError, RuntimeError, *CONNECTION_EXCEPTIONS) as error:
            raise NotConfirmed(f"the broker did not confirm: {error!r}") from None
        PUBLISHED.labels(event.type).inc()

    async def _run(self) -> None:
        pause_s = RECONNECT_FIRST_S
        while True:
            try:
                await self._session()
                pause_s = RECONNECT_FIRST_S
            except Exception as error:  # noqa: BLE001 - whatever ended the session, the next one is the remedy
                log.warning(
                    "RabbitMQ is away, trying again", reason=str(error) or repr(error), pause_s=round(pause_s, 1)
                )
            # Half of the pause is random, so that many processes do not reconnect at the same moment.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
            pause_s = min(pause_s * 2, RECONNECT_MOST_S)

    async def _session(self) -> None:
        """Run one connection from its opening to its loss."""
        # Not `aio_pika.connect`: a connection that fails is left to the garbage collector, which closes it too late.
        async with aio_pika.Connection(make_url(self._url)) as connection:
            await connection.connect(timeout=CONNECT_TIMEOUT_S)
            lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

            def on_loss(_sender: Any, reason: BaseException | None) -> None:
                if not lost.done():
                    lost.set_result(str(reason))

            connection.close_callbacks.add(on_loss)
            tasks: set[asyncio.Task[None]] = set()
            # A quorum queue without a leader (its broker was killed) leaves calls unanswered.
            async with asyncio.timeout(SETUP_DEADLINE_S):
                outgoing = await connection.channel(publisher_confirms=True, on_return_raises=True)
                outgoing.close_callbacks.add(on_loss)
                exchange = await _declare_topology(outgoing)
                for consumer in self._consumers:
                    incoming = await connection.channel(publisher_confirms=False)
                    incoming.close_callbacks.add(on_loss)
                    await incoming.set_qos(prefetch_count=PREFETCH)
                    await self._start_consumer(incoming, consumer, tasks)
            self._exchange = exchange
            self._up.set()
            CONNECTED.set(1)
            log.info("connected to RabbitMQ", queues=[consumer.queue for consumer in self._consumers])
            try:
                reason = await lost
                log.warning("RabbitMQ connection lost", reason=reason)
            finally:
                self._exchange = None
                self._up.clear()
                CONNECTED.set(0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_consumer(
        self, channel: AbstractChannel, consumer: _Consumer, tasks: set[asyncio.Task[None]]
    ) -> None:
        queue = await _declare_queue(channel, consumer.queue, consumer.keys)

        async def receive(message: AbstractIncomingMessage) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - aio-pika runs each callback in a task of its own
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await _handle(consumer, message)

        await queue.consume(receive)


async def _declare_topology(channel: AbstractChannel) -> AbstractExchange:
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(DEAD_LETTER_EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)
    # So that no invitation is lost before the notification service's first start.
    await _declare_queue(channel, NOTIFICATIONS, NOTIFICATION_KEYS)
    return exchange


async def _declare_queue(channel: AbstractChannel, name: str, keys: tuple[str, ...]) -> aio_pika.abc.AbstractQueue:
    dead = await channel.declare_queue(f"{name}.dead", durable=True, arguments={"x-queue-type": "quorum"})
    await dead.bind(DEAD_LETTER_EXCHANGE, routing_key=name)
    queue = await channel.declare_queue(name, durable=True, arguments=queue_arguments(name))
    for key in keys:
        await queue.bind(EXCHANGE, routing_key=key)
    return queue


async def _handle(consumer: _Consumer, message: AbstractIncomingMessage) -> None:
    """Handle one message, then acknowledge or dead-letter it; after a lost connection the broker delivers it again."""
    try:
        outcome = await _outcome(consumer, message)
        if outcome == "done":
            await message.ack()
        else:
            await message.reject(requeue=False)
        CONSUMED.labels(consumer.queue, outcome).inc()
    except (AMQPError, RuntimeError, *CONNECTION_EXCEPTIONS) as error:
        # Not acknowledged, so the next connection delivers it again; the handler knows its id by then.
        log.info("could not acknowledge, the event will come again", queue=consumer.queue, reason=repr(error))


async def _outcome(consumer: _Consumer, message: AbstractIncomingMessage) -> str:
    try:
        event = decode(message.body)
    except InvalidEvent as error:
        log.error(
            "event is not valid, to the dead letters", queue=consumer.queue, id=message.message_id, reason=str(error)
        )
        return "dead"
    pause_s, surprises = RECONNECT_FIRST_S, 0
    while True:
        try:
            await consumer.handler(event)
        except Transient as error:
            log.warning("event waits", queue=consumer.queue, id=event.id, type=event.type, reason=str(error))
        except InvalidEvent as error:
            log.error(
                "event cannot be applied, to the dead letters", queue=consumer.queue, id=event.id, reason=str(error)
            )
            return "dead"
        except Exception:
            surprises += 1
            log.exception(
                "handling an event failed", queue=consumer.queue, id=event.id, type=event.type, time=surprises
            )
            if surprises >= SURPRISES_BEFORE_DEAD:
                return "dead"
        else:
            return "done"
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
        pause_s = min(pause_s * 2, RETRY_MOST_S)
