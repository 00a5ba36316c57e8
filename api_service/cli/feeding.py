"""`feed`: films, people, friendships and wishes from files, by the same use case as over the API."""

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from uuid_utils import uuid7

from api_service.api.ndjson import in_batches
from api_service.cli.resources import service
from api_service.database import Database
from api_service.problems import ROW_TOO_LONG
from api_service.usecases.feed import rows, runs
from api_service.usecases.feed.rows import FEEDS, Feed, Outcome, Taken
from shared.command_line import CommandFailed, say

CHUNK_BYTES: Final = 256 * 1024
RESULTS: Final = ("created", "changed", "unchanged", "refused")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, and what is said of them."""
    kinds = " | ".join(FEEDS)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=f"named for its rows: {kinds}.ndjson")
    parser.add_argument("--kind", choices=FEEDS, help="the rows of every FILE, whatever they are named")
    parser.add_argument(
        "--complete", action="store_true", help="remove what was fed earlier and is not in the files, of their kinds"
    )
    parser.add_argument("--force", action="store_true", help="with --complete: remove even over a fifth of a kind")


async def feed_files(options: argparse.Namespace) -> None:
    """Bring in rows from NDJSON files: films, people, friendships and wishes.

    A file is named for its rows (films.ndjson, people-1.ndjson) unless --kind says what they are; films and people go
    first, for the others name them. Each row that is refused is printed, and spoils no other.
    """
    kinds = {file: _kind_of(file, options.kind) for file in options.files}
    files = sorted(kinds, key=lambda file: list(FEEDS).index(kinds[file]))
    refused = 0
    async with service() as (db, settings):
        run_id = f"cli-{uuid7()}" if options.complete else None
        for file in files:
            if run_id is not None:
                await runs.begin(db, run_id, kinds[file])
            counted = await _feed(db, FEEDS[kinds[file]], file, settings.identity.issuer, run_id)
            refused += counted["refused"]
            say(f"{file}: {', '.join(f'{counted[result]} {result}' for result in RESULTS)}")
        if refused:
            unless = ", so nothing was removed" if options.complete else ""
            raise CommandFailed(f"{refused} rows were refused{unless}; mend them and feed the files again")
        if run_id is not None:
            for kind, removal in (await runs.finish(db, run_id, force=options.force)).items():
                say(f"{kind}: {removal.removed} of {removal.fed} removed, which the files do not name")


def _kind_of(file: Path, kind: str | None) -> str:
    named = kind or next((name for name in FEEDS if file.name.startswith(name)), None)
    if named is None:
        raise CommandFailed(f"{file}: which rows are these? Name it for them ({', '.join(FEEDS)}), or use --kind")
    return named


async def _feed(db: Database, feed: Feed, file: Path, issuer: str, run_id: str | None) -> Counter[str]:
    counted: Counter[str] = Counter()
    async for batch in in_batches(_chunks(file)):
        taken = [
            Taken(None, rows.refused(ROW_TOO_LONG), None) if line is None else rows.read(feed, line, issuer)
            for _, line in batch
        ]
        outcomes = await rows.apply(db, feed, taken, run_id=run_id)
        counted.update(outcome.result for outcome in outcomes)
        for (number, _), outcome in zip(batch, outcomes, strict=True):
            if outcome.problem is not None:
                say(f"{file}:{number}: {_reason(outcome)}")
    return counted


def _reason(outcome: Outcome) -> str:
    problem = outcome.problem
    assert problem is not None  # noqa: S101 - asked for refused rows alone
    where = f"{problem.field}: " if problem.field else ""
    return f"{where}{problem.detail} ({problem.code})"


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    try:
        with await asyncio.to_thread(file.open, "rb") as opened:
            while chunk := await asyncio.to_thread(opened.read, CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from None
