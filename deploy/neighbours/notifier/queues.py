"""The notifier's queues and the messages in them.

The retry queues hold a message for their time (queue TTL) and dead-letter it back. The delay stands in the name, so
that other delays make other queues and the old ones run empty.
"""

from datetime import UTC, datetime
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue

from deploy.neighbours.notifier.events import Kind
from deploy.neighbours.notifier.handling import Attempt

EXCHANGE = "movie_together"
DEAD_EXCHANGE = "movie_together.dead"
QUEUE = "notifications"
MAX_PROBLEM_CHARACTERS = 500


async def declare(channel: AbstractChannel, retry_delays_s: tuple[int, ...]) -> tuple[AbstractQueue, AbstractExchange]:
    """Declare everything that the notifier needs; returns its queue and the exchange of the dead letters."""
    events = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    dead_letters = await channel.declare_exchange(DEAD_EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)
    dead = await channel.declare_queue(f"{QUEUE}.dead", durable=True, arguments={"x-queue-type": "quorum"})
    await dead.bind(dead_letters, QUEUE)
    queue = await channel.declare_queue(
        QUEUE,
        durable=True,
        # Whoever publishes declares the same, so that no event is lost before this service first starts.
        arguments={
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": DEAD_EXCHANGE,
            "x-dead-letter-routing-key": QUEUE,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )
    for kind in Kind:
        await queue.bind(events, kind)
    for delay_s in retry_delays_s:
        await channel.declare_queue(
            retry_queue(delay_s),
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-message-ttl": delay_s * 1000,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": QUEUE,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
    return queue, dead_letters


def retry_queue(delay_s: int) -> str:
    return f"{QUEUE}.retry.{delay_s}s"


def delay_after(attempt: Attempt, delays_s: tuple[int, ...]) -> int:
    """How long a message waits after an attempt has failed: each delay once, then the last again and again."""
    return delays_s[min(attempt.number, len(delays_s)) - 1]


def read_attempt(headers: dict[str, Any]) -> Attempt:
    """What the headers say of former attempts; anything unreadable counts as the first."""
    failed, first_failed_at = headers.get("x-failed-attempts"), headers.get("x-first-failed-at")
    if not isinstance(failed, int) or not isinstance(first_failed_at, int) or failed < 1:
        return Attempt()
    return Attempt(failed + 1, datetime.fromtimestamp(first_failed_at / 1000, UTC))


def postponed(message: AbstractIncomingMessage, attempt: Attempt, problem: str, now: datetime) -> aio_pika.Message:
    """The message for a retry queue: it carries how often and since when it has failed, and why it did last."""
    first_failed_at = attempt.first_failed_at or now
    return _again(
        message,
        {
            "x-failed-attempts": attempt.number,
            "x-first-failed-at": int(first_failed_at.timestamp() * 1000),
            "x-problem": problem[:MAX_PROBLEM_CHARACTERS],
        },
    )


def set_aside(message: AbstractIncomingMessage, attempt: Attempt, reason: str, problem: str) -> aio_pika.Message:
    """The message for the dead letters: it carries the reason."""
    return _again(
        message, {"x-reason": reason, "x-problem": problem[:MAX_PROBLEM_CHARACTERS], "x-attempts": attempt.number}
    )


def _again(message: AbstractIncomingMessage, headers: dict[str, Any]) -> aio_pika.Message:
    """The same message, persistent, with these headers instead of its own and of the broker's (`x-death`)."""
    return aio_pika.Message(
        message.body,
        headers=headers,
        content_type=message.content_type,
        message_id=message.message_id,
        type=message.type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
