"""The rooms of one person: those that they own, entered or are invited to."""

from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, and_, bindparam, case, func, or_, select, true

from api_service.database import Queryable, Statement
from api_service.site import Site
from api_service.tables import invitations as invitations_table
from api_service.tables import room_roles, rooms
from api_service.usecases import paging
from api_service.usecases.live_view import SOMEBODY_HERE, now_in
from api_service.usecases.paging import Page
from api_service.usecases.room_access import ROOM_ROWS, VISIBLE
from api_service.usecases.rooms import Room, room_of

RoomsStatus = Literal["open", "planned", "now", "closed"]

_viewer = bindparam("viewer", type_=Uuid)
_after = bindparam("after", type_=Uuid)
# The rooms of a person, which takes the parameter ``viewer``: one column ``room_id``.
MINE: Final = (
    select(room_roles.c.room_id)
    .where(room_roles.c.user_id == _viewer)
    .union(
        select(invitations_table.c.room_id).where(
            invitations_table.c.invitee_id == _viewer, invitations_table.c.revoked_at.is_(None)
        )
    )
    .subquery("mine")
)
_status = bindparam("status", type_=Text)
_is_open = rooms.c.closed_at.is_(None)
# Takes the parameter ``status``; None is any.
HAS_STATUS = case(
    (_status == "open", _is_open),
    (_status == "closed", rooms.c.closed_at.is_not(None)),
    (_status == "planned", and_(_is_open, rooms.c.starts_at > func.now())),
    (_status == "now", and_(_is_open, SOMEBODY_HERE)),
    else_=true(),
)
_MINE = Statement(
    ROOM_ROWS.join(MINE, MINE.c.room_id == rooms.c.id)
    # Who entered a room by its link may not know of it any more once it is for invited people.
    .where(VISIBLE, HAS_STATUS, or_(_after.is_(None), rooms.c.id < _after))
    .order_by(rooms.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


async def mine(
    db: Queryable,
    site: Site,
    viewer: UUID,
    locale: str,
    *,
    limit: int = 20,
    cursor: str | None = None,
    status: RoomsStatus | None = None,
) -> Page[Room]:
    """Return a page of the rooms that a viewer owns, entered or is invited to, newest first.

    With a ``status``, only those. Raises the problem `invalid_cursor`.
    """
    (after,) = paging.decode(cursor, UUID)
    rows = await db.all(_MINE, viewer=viewer, after=after, status=status, limit=limit + 1)
    now = await now_in(db, rows)
    found = [room_of(row, site, viewer, locale, now=now) for row in rows]
    return paging.page(found, limit, lambda last: (last.id,))
