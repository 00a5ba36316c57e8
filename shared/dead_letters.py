"""Dead letters over AMQP alone: how many there are, what they are, and back into the queue that they came from.

A letter is published, confirmed, and only then taken from where it was: whatever breaks off on the way, none is lost,
and one that is there twice is handled once, by its event id.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.connection import make_url
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AMQPError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    DeliveryError,
)

from shared.broker import CONFIRM_DEADLINE_S, CONNECT_TIMEOUT_S
from shared.command_line import Command, CommandFailed, limit_argument, say, say_table

REPLAYED_MOST: Final = 1_000  # at once, unless more are asked for


def dead_letter_commands(amqp_url: Callable[[], str], queues: Sequence[str]) -> tuple[Command, Command]:
    """Return the commands for the dead letters of these queues; ``amqp_url`` reads the setting."""

    async def list_letters(options: argparse.Namespace) -> None:
        """Count the dead letters of each queue; with QUEUE, list those of this one.

        A letter that is listed is put back as the last one of its queue.
        """
        async with _connected(amqp_url()) as connection:
            if options.queue is None:
                say_table(("QUEUE", "DEAD LETTERS"), [(queue, await _count(connection, queue)) for queue in queues])
                return
            letters = _move(connection, _dead(options.queue), _dead(options.queue), options.limit)
            async with aclosing(letters):
                found = [letter async for letter in letters]
        listed = say_table(
            ("ID", "TYPE", "PUBLISHED", "BYTES"),
            [(one.message_id, one.type, one.timestamp, len(one.body)) for one in found],
        )
        for letter in found if options.bodies else ():
            say(letter.body.decode("utf-8", "replace"))
        say(f"{listed} of {options.queue} listed")

    async def replay(options: argparse.Namespace) -> None:
        """Put dead letters back into the queue that they came from, oldest first.

        Mend first why they could not be applied: the log says why beside the id of each. Consumers know what they have
        applied already.
        """
        moved = 0
        async with _connected(amqp_url()) as connection:
            letters = _move(connection, _dead(options.queue), options.queue, options.limit)
            async with aclosing(letters):
                try:
                    async for letter in letters:
                        moved += 1
                        say(f"{letter.message_id} {letter.type}: back in {options.queue}")
                except CommandFailed as error:
                    raise CommandFailed(f"{error} ({moved} were moved before)") from None
            left = await _count(connection, options.queue)
        say(f"{moved} moved to {options.queue}, {left} left")

    def listing(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("queue", nargs="?", choices=queues, metavar="QUEUE", help=f"one of {', '.join(queues)}")
        parser.add_argument("--bodies", action="store_true", help="print the events too, one a line")
        limit_argument(parser)

    def replaying(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("queue", choices=queues, metavar="QUEUE", help=f"one of {', '.join(queues)}")
        limit_argument(parser, REPLAYED_MOST)

    return Command("dead-letters list", list_letters, listing), Command("dead-letters replay", replay, replaying)


def _dead(queue: str) -> str:
    return f"{queue}.dead"


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AbstractConnection]:
    try:
        async with aio_pika.Connection(make_url(url)) as connection:
            await connection.connect(timeout=CONNECT_TIMEOUT_S)
            yield connection
    except (AMQPError, TimeoutError, *CONNECTION_EXCEPTIONS) as error:
        raise CommandFailed(f"RabbitMQ (AMQP_URL): {error!r}") from None


async def _count(connection: AbstractConnection, queue: str) -> int | None:
    """Return how many dead letters a queue has, None where the queue was never declared."""
    async with connection.channel() as channel:
        try:
            found = await channel.declare_queue(_dead(queue), passive=True)
        except ChannelNotFoundEntity:
            return None
        return found.declaration_result.message_count


async def _move(
    connection: AbstractConnection, source: str, target: str, most: int
) -> AsyncGenerator[AbstractIncomingMessage, None]:
    """Move messages from one queue to another and yield each once it is there; never more than there were at first.

    Peeking would be no less work: RabbitMQ 4 drops a message that was handed out and given back twenty times.
    """
    async with connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
        try:
            queue = await channel.declare_queue(source, passive=True)
        except ChannelNotFoundEntity:
            raise CommandFailed(f"there is no queue {source} yet: its service declares it at its start") from None
        for _ in range(min(most, queue.declaration_result.message_count or 0)):
            message = await queue.get(fail=False)
            if message is None:
                return
            try:
                async with asyncio.timeout(CONFIRM_DEADLINE_S):
                    await channel.default_exchange.publish(_copy(message), routing_key=target, mandatory=True)
            except (DeliveryError, ChannelInvalidStateError, TimeoutError) as error:
                raise CommandFailed(f"{target} did not take {message.message_id}: {error!r}") from None
            await message.ack()
            yield message


def _copy(message: AbstractIncomingMessage) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        # RabbitMQ's own headers (x-death, x-delivery-count) tell of the way that this message has come.
        headers={name: value for name, value in message.headers.items() if not name.startswith("x-")},
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        type=message.type,
        timestamp=message.timestamp,
        app_id=message.app_id,
    )
