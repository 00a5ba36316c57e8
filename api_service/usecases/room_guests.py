"""Guests of a room: whoever has its link and no account comes in by a name alone, where the owner allows it.

A guest stands in `users` as an account of an issuer of our own, which names the room too: their visits, messages and
bans are kept like anybody's. Nobody signs in as a guest, finds or befriends one, and they are erased some time after.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Interval, Text, Uuid, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Queryable, Row, Statement
from api_service.problems import GUESTS_OFF, INVALID_FIELDS
from api_service.site import Site
from api_service.tables import rooms, users
from api_service.usecases import erasing, limits, screenings
from api_service.usecases.people import GUEST_ISSUER, Guest
from api_service.usecases.room_access import check_open, visible_room
from shared.events.room_settings import SETTINGS_DEFAULTS
from shared.texts import name_of

# Counted from entering, never extended: whoever comes again after it enters anew.
LIFETIME: Final = timedelta(days=1)
KEPT_FOR: Final = timedelta(days=30)

_ENTER = Statement(
    insert(users).values(
        id=bindparam("id", type_=Uuid),
        issuer=literal(GUEST_ISSUER),
        subject=bindparam("subject", type_=Text),
        name=bindparam("name", type_=Text),
        locale=bindparam("locale", type_=Text),
    )
)
_subject = func.concat(cast(rooms.c.id, Text), ":", cast(users.c.id, Text))
_GUEST = Statement(
    select(users.c.id, users.c.name, users.c.locale, rooms.c.settings)
    .join_from(users, rooms, rooms.c.code == bindparam("code", type_=Text))
    .where(
        users.c.id == bindparam("guest_id", type_=Uuid),
        users.c.issuer == literal(GUEST_ISSUER),
        users.c.subject == _subject,
        users.c.blocked_at.is_(None),
        users.c.created_at > func.now() - literal(LIFETIME, Interval),
    )
)
_OLD = Statement(
    select(users.c.id)
    .where(users.c.issuer == literal(GUEST_ISSUER), users.c.created_at < func.now() - literal(KEPT_FOR, Interval))
    .order_by(users.c.id)
    .limit(bindparam("batch", type_=Integer))
)


async def enter(db: Database, site: Site, code: str, name: str, locale: str, address: str) -> Guest:
    """Return a new guest of an open room, by a ``name`` that is kept as the others see it (texts.name_of).

    ``address`` is what the limit of guests is counted by. Raises the problems `room_not_found`, also where the room is
    for invited people, `room_closed`, `guests_off`, `invalid_fields` and `limit_reached`.
    """
    shown = name_of(name)
    if not shown:
        errors = [{"field": "name", "message": "Must have a character that can be seen."}]
        raise INVALID_FIELDS.problem(errors=errors)
    async with db.transaction() as transaction:
        row = await visible_room(transaction, None, code)
        check_open(row)
        if not _lets_in(row):
            raise GUESTS_OFF.problem()
        await limits.guest_entered(transaction, site.policy, address)
        guest_id = uuid7()
        await transaction.run(_ENTER, id=guest_id, subject=f"{row.id}:{guest_id}", name=shown, locale=locale)
    return Guest(guest_id, shown, None, locale)


async def guest(db: Queryable, guest_id: UUID, code: str) -> Guest | None:
    """Return the guest of this room, None once their day is over, the room lets no guests in, or for another room."""
    row = await db.first(_GUEST, guest_id=guest_id, code=code)
    return Guest(row.id, row.name, None, row.locale) if row is not None and _lets_in(row) else None


async def forget_old(db: Database, site: Site) -> int:
    """Erase some guests who came KEPT_FOR ago, and return how many; what they did with others stays, nameless."""
    old = await db.all(_OLD, batch=screenings.BATCH)
    for row in old:
        await erasing.erase(db, site, row.id)
    return len(old)


def _lets_in(room: Row) -> bool:
    return bool({**SETTINGS_DEFAULTS, **room.settings}["guests"] != "nobody")
