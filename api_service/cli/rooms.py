"""`rooms`: all of the cinema's, whoever owns them."""

import argparse
from typing import get_args

import orjson

from api_service.cli.resources import service
from api_service.usecases import every_room, rooms
from api_service.usecases.my_rooms import RoomsStatus
from shared.command_line import limit_argument, say, say_table


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """Add which rooms are listed."""
    parser.add_argument("--status", choices=get_args(RoomsStatus), help="only those; `now`: with somebody inside")
    limit_argument(parser)


def code_argument(parser: argparse.ArgumentParser) -> None:
    """Add which room is meant."""
    parser.add_argument("code", metavar="CODE", help="the room's code, as in its link")


async def list_rooms(options: argparse.Namespace) -> None:
    """List rooms, the newest first, and how many people are inside as far as the archive knows."""
    async with service() as (db, _):
        found = await every_room.newest(db, limit=options.limit, status=options.status)
    listed = say_table(
        ("CODE", "STATUS", "PEOPLE", "STARTS", "CREATED", "OWNER", "FILM"),
        [(one.code, one.status, one.people_count, one.starts_at, one.created_at, one.owner, one.film) for one in found],
    )
    say(f"{listed} rooms{' (--limit lists more)' if listed == options.limit else ''}")


async def show_room(options: argparse.Namespace) -> None:
    """Print a room as its owner sees it over the API, as JSON."""
    async with service() as (db, settings):
        owner = await every_room.owner_of(db, options.code)
        shown = await rooms.room(db, settings.site, owner.id, owner.locale, options.code)
    say(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())


async def close_room(options: argparse.Namespace) -> None:
    """Close a room for everyone inside; those invited to a screening that has not begun get a mail."""
    async with service() as (db, settings):
        closed = await every_room.close(db, settings.site, options.code)
    say(f"Room {options.code} {'is closed; everyone inside is told' if closed else 'was closed already'}.")
