"""`rooms`: those that are live just now."""

import argparse
from typing import Any

import orjson

from shared.command_line import CommandFailed, limit_argument, say, say_table
from sync_service.cli.resources import store
from sync_service.room.playback import position_at
from sync_service.store.live_rooms import FoundRoom, live_rooms


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many are listed."""
    parser.add_argument("--occupied", action="store_true", help="only rooms with somebody inside")
    limit_argument(parser)


def show_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which room is meant."""
    parser.add_argument("room", metavar="ROOM", help="the room's code, as in its link, or its id")


async def list_rooms(options: argparse.Namespace) -> None:
    """List live rooms: who is inside and where the film stands."""
    rows: list[tuple[object, ...]] = []
    async with store() as (shards, _):
        async for room in live_rooms(shards):
            if len(rows) == options.limit:
                break
            if room.snapshot.state.members or not options.occupied:
                rows.append(_row(room))
    listed = say_table(("CODE", "ID", "PARTITION", "PEOPLE", "STATUS", "POSITION", "FILM"), rows)
    say(f"{listed} live rooms{' (--limit lists more)' if listed == options.limit else ''}")


async def show_room(options: argparse.Namespace) -> None:
    """Print a live room as Redis has it, as JSON: all but the texts of its chat."""
    async with store() as (shards, _):
        async for room in live_rooms(shards):
            if options.room in (room.id, room.snapshot.state.meta.code):
                say(orjson.dumps(_whole(room), option=orjson.OPT_INDENT_2).decode())
                return
    raise CommandFailed(f"{options.room} is not live: nobody has come yet, or it is closed")


def _row(room: FoundRoom) -> tuple[object, ...]:
    state = room.snapshot.state
    position_s = position_at(state.playback, room.now_ms, state.duration_ms) / 1000
    hours, rest = divmod(int(position_s), 3600)
    position = f"{hours}:{rest // 60:02}:{rest % 60:02}"
    people = len(state.members)
    return state.meta.code, room.id, room.partition, people, state.playback.status, position, state.meta.film["title"]


def _whole(room: FoundRoom) -> dict[str, Any]:
    snapshot, state = room.snapshot, room.snapshot.state
    return {
        "meta": state.meta,
        "partition": room.partition,
        "epoch": snapshot.epoch,
        "seq": snapshot.seq,
        "hash": snapshot.hash,
        "rights": state.rights,
        "playback": state.playback,
        "position_ms": round(position_at(state.playback, room.now_ms, state.duration_ms)),
        "members": list(state.members.values()),
    }
