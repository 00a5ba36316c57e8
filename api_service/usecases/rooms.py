"""Rooms: opened, changed and closed by their owner, shown to those who may know of them."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from sqlalchemy import Integer, LargeBinary, Text, Uuid, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import ConstraintViolated, Database, Queryable, Row, Statement
from api_service.problems import FILM_NOT_FOUND, IDEMPOTENCY_KEY_REUSED
from api_service.site import Site
from api_service.tables import idempotency_keys, room_roles, rooms
from api_service.tables import invitations as invitations_table
from api_service.usecases import invitations, outbox, paging, published
from api_service.usecases.films import Film, film_of
from api_service.usecases.invitations import NOBODY, Guests, Invitation
from api_service.usecases.paging import Page
from api_service.usecases.people import Person, User
from api_service.usecases.room_access import ROOM_ROWS, locked_room, owned_room, room_row, visible_room
from shared.events import SETTINGS_DEFAULTS

CODE_BYTES = 16  # 128 random bits: a link cannot be guessed


@dataclass(frozen=True, slots=True)
class RoomOrder:
    """The owner's request for a new room."""

    film_id: UUID
    access: Literal["link", "invited"] = "link"
    control: Literal["everyone", "moderators", "owner"] = "everyone"
    capacity: int = 50
    starts_at: datetime | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    guests: Guests = NOBODY


@dataclass(frozen=True, slots=True)
class Room:
    """A room as one viewer sees it.

    ``invitations`` are its owner's alone, and None in lists; ``settings`` as shared.events.LiveSettingsSchema.
    """

    id: UUID
    code: str
    link: str
    film: Film
    owner: Person
    access: str
    control: str
    capacity: int
    starts_at: datetime | None
    settings: dict[str, Any]
    status: Literal["open", "closed"]
    version: int
    created_at: datetime
    closed_at: datetime | None
    role: str
    banned: bool
    invitations: list[Invitation] | None = None


_viewer = bindparam("viewer", type_=Uuid)
_after = bindparam("after", type_=Uuid)
_mine = (
    select(room_roles.c.room_id)
    .where(room_roles.c.user_id == _viewer)
    .union(
        select(invitations_table.c.room_id).where(
            invitations_table.c.invitee_id == _viewer, invitations_table.c.revoked_at.is_(None)
        )
    )
    .subquery("mine")
)
_MINE = Statement(
    ROOM_ROWS.join(_mine, _mine.c.room_id == rooms.c.id)
    .where(or_(_after.is_(None), rooms.c.id < _after))
    .order_by(rooms.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)

_opened = (
    insert(rooms)
    .values(
        {
            name: bindparam(name, type_=rooms.c[name].type)
            for name in (
                "id",
                "code",
                "owner_id",
                "film_id",
                "access",
                "control",
                "capacity",
                "starts_at",
                "settings",
                "partition",
            )
        }
    )
    .returning(rooms.c.id)
    .cte("opened")
)
_owns = (
    insert(room_roles).values(room_id=bindparam("id"), user_id=bindparam("owner_id"), role=literal("owner")).cte("owns")
)
_key = bindparam("key", type_=Text)
_keyed = (
    insert(idempotency_keys)
    .from_select(
        ["user_id", "key", "fingerprint", "room_id"],
        select(
            bindparam("owner_id", type_=Uuid),
            _key,
            bindparam("fingerprint", type_=LargeBinary),
            bindparam("id", type_=Uuid),
        ).where(_key.is_not(None)),
    )
    .cte("keyed")
)
_OPEN = Statement(select(_opened.c.id).add_cte(_owns, _keyed))
_EARLIER = Statement(
    select(idempotency_keys.c.fingerprint, idempotency_keys.c.room_id).where(
        idempotency_keys.c.user_id == bindparam("owner_id"), idempotency_keys.c.key == bindparam("key")
    )
)
_CHANGEABLE: Final = ("access", "control", "capacity", "starts_at")
_CHANGE = Statement(
    update(rooms)
    .values(
        {name: bindparam(f"new_{name}", type_=rooms.c[name].type) for name in (*_CHANGEABLE, "settings")},
    )
    .values(version=rooms.c.version + 1)
    .where(rooms.c.id == bindparam("room_id", type_=Uuid))
)
_CLOSE = Statement(
    update(rooms)
    .values(closed_at=func.now(), closed_reason=bindparam("reason"), version=rooms.c.version + 1)
    .where(rooms.c.id == bindparam("room_id"), rooms.c.closed_at.is_(None))
    .returning(rooms.c.version, rooms.c.partition, rooms.c.closed_at)
)


async def open_room(
    db: Database, site: Site, owner: User, order: RoomOrder, locale: str, *, key: str | None = None
) -> Room:
    """Open a room, invite its guests and return it, all or nothing.

    A repeated request with the same ``key`` returns the same room, also while the first is under way. Raises the
    problems `film_not_found`, `not_friends` and `idempotency_key_reused`.
    """
    room_id = uuid7()
    fingerprint = hashlib.sha256(orjson.dumps(asdict(order))).digest()
    try:
        async with db.transaction() as transaction:
            await transaction.run(
                _OPEN,
                id=room_id,
                code=secrets.token_urlsafe(CODE_BYTES),
                owner_id=owner.id,
                film_id=order.film_id,
                access=order.access,
                control=order.control,
                capacity=order.capacity,
                starts_at=order.starts_at,
                settings=dict(order.settings),
                partition=secrets.randbelow(site.partitions),
                key=key,
                fingerprint=fingerprint,
            )
            row = await room_row(transaction, owner.id, room_id)
            made, mails = await invitations.add(transaction, site, row, owner, order.guests, field="invite.users")
            await outbox.add(transaction, [published.room_opened(row), *mails])
    except ConstraintViolated as violated:
        if violated.constraint == "fk_rooms_film_id":
            raise FILM_NOT_FOUND.problem() from None
        if violated.constraint == "pk_idempotency_keys" and key is not None:
            # The insert waited for the first request to end, so its room can be read.
            return await _repeated(db, site, owner, locale, key, fingerprint)
        raise
    return room_of(row, site, owner.id, locale, made)


async def _repeated(db: Database, site: Site, owner: User, locale: str, key: str, fingerprint: bytes) -> Room:
    earlier = await db.one(_EARLIER, owner_id=owner.id, key=key)
    if bytes(earlier.fingerprint) != fingerprint:
        raise IDEMPOTENCY_KEY_REUSED.problem()
    row = await room_row(db, owner.id, earlier.room_id)
    return room_of(row, site, owner.id, locale, await invitations.of_room(db, row.id))


async def room(db: Queryable, site: Site, viewer: UUID, locale: str, code: str) -> Room:
    """Return a room that the viewer may know of, to its owner with invitations; raises the problem `room_not_found`."""
    row = await visible_room(db, viewer, code)
    shown = await invitations.of_room(db, row.id) if row.owner_id == viewer else None
    return room_of(row, site, viewer, locale, shown)


async def mine(
    db: Queryable, site: Site, viewer: UUID, locale: str, *, limit: int = 20, cursor: str | None = None
) -> Page[Room]:
    """Return a page of the rooms that a viewer owns, entered or is invited to, newest first.

    Raises the problem `invalid_cursor`.
    """
    (after,) = paging.decode(cursor, UUID)
    rows = await db.all(_MINE, viewer=viewer, after=after, limit=limit + 1)
    return paging.page([room_of(row, site, viewer, locale) for row in rows], limit, lambda last: (last.id,))


async def change_room(db: Database, site: Site, owner: User, locale: str, code: str, wanted: Mapping[str, Any]) -> Room:
    """Change the ``wanted`` fields of one's open room: any of access, control, capacity, starts_at and settings.

    Settings that are not named stay. A value that is as wanted already is no change: no new version, no event. The live
    room changes control, capacity and settings too, and the archive brings that back here: of two changes at the same
    moment the one that the live room receives last wins, for it applies `room.changed` like any other change and then
    publishes all of its settings. Raises the problems `room_not_found`, `not_room_owner` and `room_closed`.
    """
    async with db.transaction() as transaction:
        row = await owned_room(transaction, owner.id, code)
        row = await locked_room(transaction, owner.id, row.id)
        seen = room_of(row, site, owner.id, locale)
        fields = {name: wanted.get(name, getattr(row, name)) for name in _CHANGEABLE}
        changed = [name for name in _CHANGEABLE if fields[name] != getattr(row, name)]
        settings = {name: value for name, value in wanted.get("settings", {}).items() if value != seen.settings[name]}
        if changed or settings:
            new = {f"new_{name}": value for name, value in fields.items()}
            await transaction.run(_CHANGE, room_id=row.id, new_settings={**row.settings, **settings}, **new)
            row = await room_row(transaction, owner.id, row.id)
            await outbox.add(transaction, [published.room_changed(row, changed, settings)])
        shown = await invitations.of_room(transaction, row.id)
    return room_of(row, site, owner.id, locale, shown)


async def close(db: Database, viewer: UUID, code: str) -> None:
    """Close one's room for everyone and publish that; closing it again changes nothing.

    Raises the problems `room_not_found` and `not_room_owner`.
    """
    row = await owned_room(db, viewer, code)
    async with db.transaction() as transaction:
        closed = await transaction.first(_CLOSE, room_id=row.id, reason="owner")
        if closed is not None:
            event = published.room_closed(row.id, closed.version, closed.partition, "owner", closed.closed_at)
            await outbox.add(transaction, [event])


def room_of(row: Row, site: Site, viewer: UUID, locale: str, shown: list[Invitation] | None = None) -> Room:
    """Return the room in a row as the viewer sees it."""
    return Room(
        id=row.id,
        code=row.code,
        link=site.room_link(row.code, str(row.film_id)),
        film=film_of(row, locale),
        owner=Person(row.owner_id, row.owner_name),
        access=row.access,
        control=row.control,
        capacity=row.capacity,
        starts_at=row.starts_at,
        settings={**SETTINGS_DEFAULTS, **row.settings},
        status="open" if row.closed_at is None else "closed",
        version=row.version,
        created_at=row.created_at,
        closed_at=row.closed_at,
        role="owner" if row.owner_id == viewer else row.role or "viewer",
        banned=row.banned,
        invitations=shown,
    )
