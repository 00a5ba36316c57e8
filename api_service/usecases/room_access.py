"""A room's row and the viewer's right to it: to know of the room, to moderate or own it, to lock and change it.

A row has the room's columns, those of `films.film_columns`, ``owner_name``, ``owner_locale``, and of the viewer their
``role`` or None, whether the room is ``visible`` to them, and whether they are ``banned``.
"""

import re
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, exists, literal, or_, select, update

from api_service.database import Queryable, Row, Statement, Transaction
from api_service.problems import (
    BANNED,
    FILM_NOT_FOUND,
    FILM_UNAVAILABLE,
    NOT_ROOM_MODERATOR,
    NOT_ROOM_OWNER,
    ROOM_CLOSED,
    ROOM_NOT_FOUND,
)
from api_service.tables import bans, films, invitations, room_roles, rooms, users
from api_service.usecases.films import film_columns

_CODE: Final = re.compile(r"[A-Za-z0-9_-]{22}")

_viewer = bindparam("viewer", type_=Uuid)
_roles = room_roles.alias("own_role")
_invited = (
    exists()
    .where(
        invitations.c.room_id == rooms.c.id,
        invitations.c.invitee_id == _viewer,
        invitations.c.revoked_at.is_(None),
    )
    .correlate_except(invitations)
)
# Whether the viewer may know of a room.
VISIBLE: Final = or_(rooms.c.access == literal("link"), rooms.c.owner_id == _viewer, _invited)
# For a statement of one's own; it takes the parameter ``viewer``.
ROOM_ROWS: Final[Select[tuple[object, ...]]] = (
    select(
        *(column for column in rooms.c if column is not rooms.c.film_id),
        *film_columns(_viewer),
        films.c.removed_at.label("film_removed_at"),
        users.c.name.label("owner_name"),
        users.c.locale.label("owner_locale"),
        _roles.c.role,
        VISIBLE.label("visible"),
        exists().where(bans.c.room_id == rooms.c.id, bans.c.user_id == _viewer).label("banned"),
    )
    .join_from(rooms, films, films.c.id == rooms.c.film_id)
    .join(users, users.c.id == rooms.c.owner_id)
    .outerjoin(_roles, and_(_roles.c.room_id == rooms.c.id, _roles.c.user_id == _viewer))
)
_BY_CODE = Statement(ROOM_ROWS.where(rooms.c.code == bindparam("code")))
_BY_ID = Statement(ROOM_ROWS.where(rooms.c.id == bindparam("room_id")))
# FOR NO KEY UPDATE: whatever only refers to the room, like the archive, need not wait.
_NEXT_VERSION = Statement(
    update(rooms).values(version=rooms.c.version + 1).where(rooms.c.id == bindparam("room_id", type_=Uuid))
)
_LOCK = Statement(select(rooms.c.id).where(rooms.c.id == bindparam("room_id")).with_for_update(key_share=True))


async def room_row(db: Queryable, viewer: UUID, room_id: UUID) -> Row:
    """Return the row of a room that exists, as the transaction has left it if ``db`` is one."""
    return await db.one(_BY_ID, viewer=viewer, room_id=room_id)


async def visible_room(db: Queryable, viewer: UUID | None, code: str) -> Row:
    """Return a room's row if the viewer, or whoever has its link (None), may know of it; raises `room_not_found`."""
    row = await db.first(_BY_CODE, viewer=viewer, code=code) if _CODE.fullmatch(code) else None
    if row is None or not row.visible:
        raise ROOM_NOT_FOUND.problem()
    return row


async def any_room(db: Queryable, code: str) -> Row:
    """Return a room's row for a program, which has no part in it; raises the problem `room_not_found`."""
    row = await db.first(_BY_CODE, viewer=None, code=code) if _CODE.fullmatch(code) else None
    if row is None:
        raise ROOM_NOT_FOUND.problem()
    return row


async def owned_room(db: Queryable, viewer: UUID, code: str) -> Row:
    """Return the row of a viewer's own room; raises the problems `room_not_found` and `not_room_owner`."""
    row = await visible_room(db, viewer, code)
    if row.owner_id != viewer:
        raise NOT_ROOM_OWNER.problem()
    return row


async def moderated_room(db: Queryable, viewer: UUID, code: str) -> Row:
    """Return the row of a room that the viewer owns or moderates.

    Raises the problems `room_not_found`, `banned` and `not_room_moderator`.
    """
    row = await visible_room(db, viewer, code)
    if row.banned:
        raise BANNED.problem()
    if row.owner_id != viewer and row.role != "moderator":
        raise NOT_ROOM_MODERATOR.problem()
    return row


async def lock(transaction: Transaction, room_id: UUID) -> None:
    """Lock a room's row until the transaction's end."""
    await transaction.run(_LOCK, room_id=room_id)


async def locked_room(transaction: Transaction, viewer: UUID, room_id: UUID) -> Row:
    """Return an open room's row, locked until the transaction's end; raises the problem `room_closed`."""
    await lock(transaction, room_id)
    row = await room_row(transaction, viewer, room_id)
    check_open(row)
    return row


def check_shown(row: Row) -> None:
    """Raise `film_not_found` for a film taken out, `film_unavailable` for one not shown when the room starts."""
    if row.film_removed_at is not None:
        raise FILM_NOT_FOUND.problem()
    starts_at = row.starts_at or datetime.now(UTC)
    since, until = row.film_available_from, row.film_available_until
    if (since is not None and starts_at < since) or (until is not None and starts_at >= until):
        raise FILM_UNAVAILABLE.problem()


async def next_version(transaction: Transaction, viewer: UUID, room_id: UUID) -> Row:
    """Raise a room's version and return its row: of several events the live room applies the one with the highest."""
    await transaction.run(_NEXT_VERSION, room_id=room_id)
    return await room_row(transaction, viewer, room_id)


def check_open(row: Row) -> None:
    """Raise the problem `room_closed` if the room is closed."""
    if row.closed_at is not None:
        raise ROOM_CLOSED.problem()
