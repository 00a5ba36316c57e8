"""`outbox`: events that wait to be published, and events that are published once more."""

import argparse
from datetime import datetime
from uuid import UUID

from api_service.cli.resources import service
from api_service.usecases import outbox
from shared.command_line import CommandFailed, limit_argument, say, say_table


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many are listed."""
    limit_argument(parser)


def replay_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which events are meant."""
    parser.add_argument("ids", nargs="*", type=UUID, metavar="ID", help="these events, published or not")
    parser.add_argument("--since", type=_moment, metavar="MOMENT", help="all that were published since (RFC 3339)")


async def list_waiting(options: argparse.Namespace) -> None:
    """List the events that the broker has not confirmed, oldest first, and why."""
    async with service() as (db, _):
        found = await outbox.waiting(db, limit=options.limit)
    listed = say_table(
        ("ID", "TYPE", "CREATED", "TRIED", "NEXT", "REASON"),
        [(one.id, one.type, one.created_at, one.attempts, one.due_at, one.last_error) for one in found],
    )
    say(f"{listed} events wait{' (--limit lists more)' if listed == options.limit else ''}")


async def replay(options: argparse.Namespace) -> None:
    """Publish events again: those that were put off at once, or those named, or all since a moment.

    A running service publishes them, under the same ids: whoever has handled one knows it. Events are kept for a week.
    """
    if options.ids and options.since:
        raise CommandFailed("name events, or a moment with --since, not both")
    async with service() as (db, _):
        found = await outbox.replay(db, ids=options.ids, since=options.since)
    for one in found:
        say(f"{one.id} {one.type}")
    if missing := set(options.ids) - {one.id for one in found}:
        raise CommandFailed(f"the outbox has no {', '.join(map(str, sorted(missing)))}")
    say(f"{len(found)} events are due again; a running service publishes them")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("must have a time zone, as 2026-05-01T18:30:00Z")
    return moment
