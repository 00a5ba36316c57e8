"""Rooms: opened, changed and closed by their owner, shown to those who may know of them."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import LargeBinary, Text, Uuid, bindparam, exists, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import ConstraintViolated, Database, Queryable, Row, Statement, Transaction
from api_service.problems import FILM_NOT_FOUND, IDEMPOTENCY_KEY_REUSED, ROOM_BEGUN
from api_service.site import Site
from api_service.tables import idempotency_keys, room_events, room_roles, rooms, visits
from api_service.usecases import invitations, limits, outbox, published, screenings
from api_service.usecases.films import Film, film_of
from api_service.usecases.idempotency import fingerprint_of
from api_service.usecases.invitation_list import Invitation, of_room
from api_service.usecases.invitations import NOBODY, Guests, LeftOut
from api_service.usecases.live_view import NOTHING_YET, Now, now_in
from api_service.usecases.people import Person, User, person_shown
from api_service.usecases.room_access import check_shown, locked_room, owned_room, room_row, visible_room
from shared.events.room_settings import SETTINGS_DEFAULTS

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
    title: str | None = None
    guests: Guests = NOBODY


@dataclass(frozen=True, slots=True)
class Room:
    """A room as one viewer sees it.

    ``invitations`` are its owner's alone, and None in lists; ``left_out`` is told where the room is opened, of an order
    that invites matches; ``settings`` as shared.events.room_settings.LiveSettingsSchema; ``now`` is None in a
    closed room and for one who is banned.
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
    closed_reason: str | None
    title: str | None
    role: str
    banned: bool
    invitations: list[Invitation] | None = None
    left_out: list[LeftOut] | None = None
    now: Now | None = None


# Sees the room before it is changed, and may raise.
Check = Callable[[Room], None]


def any_room(_: Room) -> None:
    """Let a room be as it is."""


_viewer = bindparam("viewer", type_=Uuid)
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
                "title",
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
# What may be changed beside the settings, by its names in the live room.
_LIVE: Final = {
    "access": "access",
    "control": "control",
    "capacity": "capacity",
    "starts_at": "starts_at",
    "film_id": "film",
    "title": "title",
}
_CHANGE = Statement(
    update(rooms)
    .values(
        {name: bindparam(f"new_{name}", type_=rooms.c[name].type) for name in (*_LIVE, "settings")},
    )
    .values(version=rooms.c.version + 1)
    .where(rooms.c.id == bindparam("room_id", type_=Uuid))
)
_HAS_BEGUN = Statement(
    select(
        or_(
            exists().where(visits.c.room_id == bindparam("room_id", type_=Uuid)),
            exists().where(room_events.c.room_id == bindparam("room_id", type_=Uuid)),
        ).label("begun")
    )
)


async def open_room(
    db: Database, site: Site, owner: User, order: RoomOrder, locale: str, *, key: str | None = None
) -> Room:
    """Open a room, invite its guests and return it, all or nothing.

    A repeated request with the same ``key`` returns the same room, also while the first is under way. Raises the
    problems `film_not_found`, `film_unavailable`, `not_friends`, `limit_reached` and `idempotency_key_reused`.
    """
    room_id = uuid7()
    fingerprint = fingerprint_of(order)
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
                title=order.title,
                partition=secrets.randbelow(site.partitions),
                key=key,
                fingerprint=fingerprint,
            )
            row = await room_row(transaction, owner.id, room_id)
            check_shown(row)
            await limits.room_opened(transaction, site.policy, owner.id)
            await outbox.add(transaction, [published.room_opened(row)])
            made = await invitations.add(transaction, site, row, owner, order.guests, field="invite.users")
            left_out = await invitations.left_out(transaction, row, owner, order.guests)
    except ConstraintViolated as violated:
        if violated.constraint == "fk_rooms_film_id":
            raise FILM_NOT_FOUND.problem() from None
        if violated.constraint == "pk_idempotency_keys" and key is not None:
            # The insert waited for the first request to end, so its room can be read.
            return await _repeated(db, site, owner, order, locale, key, fingerprint)
        raise
    opened = room_of(row, site, owner.id, locale, made, {row.id: NOTHING_YET})
    return replace(opened, left_out=left_out if order.guests.matches else None)


async def _repeated(
    db: Database, site: Site, owner: User, order: RoomOrder, locale: str, key: str, fingerprint: bytes
) -> Room:
    earlier = await db.one(_EARLIER, owner_id=owner.id, key=key)
    if bytes(earlier.fingerprint) != fingerprint:
        raise IDEMPOTENCY_KEY_REUSED.problem()
    row = await room_row(db, owner.id, earlier.room_id)
    seen = room_of(row, site, owner.id, locale, await of_room(db, row.id), await now_in(db, [row]))
    left_out = await invitations.left_out(db, row, owner, order.guests)
    return replace(seen, left_out=left_out if order.guests.matches else None)


async def room(db: Queryable, site: Site, viewer: UUID, locale: str, code: str) -> Room:
    """Return a room that the viewer may know of, to its owner with invitations; raises the problem `room_not_found`."""
    row = await visible_room(db, viewer, code)
    shown = await of_room(db, row.id) if row.owner_id == viewer else None
    return room_of(row, site, viewer, locale, shown, await now_in(db, [row]))


async def room_behind_link(db: Queryable, site: Site, locale: str, code: str) -> Room:
    """Return a room as anybody with its link sees it; raises `room_not_found`, also where it is for invited people."""
    return room_of(await visible_room(db, None, code), site, None, locale)


async def change_room(
    db: Database,
    site: Site,
    owner: User,
    locale: str,
    code: str,
    wanted: Mapping[str, Any],
    check: Check = any_room,
    *,
    begun_too: bool = False,
) -> Room:
    """Change the ``wanted`` fields of one's open room.

    These are any of access, control, capacity, starts_at, title, film_id, settings and moderators. ``check`` sees the
    room before and may raise. Those invited are told of another start or film; not of another film of a room in which
    somebody has been, which takes ``begun_too``. Friends named as moderators are invited
    if they are not yet, and have that role from their first visit on; who has been in already keeps theirs.

    Settings that are not named stay. A value that is as wanted already is no change: no new version, no event. The live
    room changes control, capacity and settings too, and the archive brings that back here: of two changes at the same
    moment the one that the live room receives last wins, for it applies `room.changed` like any other change and then
    publishes all of its settings. Raises the problems `room_not_found`, `not_room_owner`, `room_closed`,
    `film_not_found`, `film_unavailable`, `room_begun`, `not_friends`, `guest_banned` and `limit_reached`.
    """
    try:
        async with db.transaction() as transaction:
            row = await owned_room(transaction, owner.id, code)
            row = await locked_room(transaction, owner.id, row.id)
            check(room_of(row, site, owner.id, locale))
            row = await _change(transaction, site, owner, row, wanted, begun_too=begun_too)
            shown, now = await of_room(transaction, row.id), await now_in(transaction, [row])
    except ConstraintViolated as violated:
        if violated.constraint == "fk_rooms_film_id":
            raise FILM_NOT_FOUND.problem() from None
        raise
    return room_of(row, site, owner.id, locale, shown, now)


async def _change(
    transaction: Transaction, site: Site, owner: User, row: Row, wanted: Mapping[str, Any], *, begun_too: bool
) -> Row:
    """Change a room that is locked, and return its row afterwards."""
    before = row
    fields = {name: wanted.get(name, getattr(row, name)) for name in _LIVE}
    changed = [name for name in _LIVE if fields[name] != getattr(row, name)]
    kept = {**SETTINGS_DEFAULTS, **row.settings}
    settings = {name: value for name, value in wanted.get("settings", {}).items() if value != kept[name]}
    has_begun = "film_id" in changed and (await transaction.one(_HAS_BEGUN, room_id=row.id)).begun
    if has_begun and not begun_too:
        raise ROOM_BEGUN.problem()
    if changed or settings:
        new = {f"new_{name}": value for name, value in fields.items()}
        await transaction.run(_CHANGE, room_id=row.id, new_settings={**row.settings, **settings}, **new)
        row = await room_row(transaction, owner.id, row.id)
    if "film_id" in changed or "starts_at" in changed:
        check_shown(row)
    live = [_LIVE[name] for name in changed]
    if live or settings:
        await outbox.add(transaction, [published.room_changed(row, live, settings)])
    if has_begun:
        pass  # whoever is invited to an evening that is under way comes to what it has come to
    elif "film_id" in changed:
        await screenings.changed(transaction, site, row, "film_changed", before.starts_at)
    elif "starts_at" in changed:
        await screenings.changed(transaction, site, row, "rescheduled", before.starts_at)
    moderators = Guests(moderators=tuple(wanted.get("moderators", ())))
    await invitations.add(transaction, site, row, owner, moderators, field="moderators")
    return row


async def close(db: Database, site: Site, viewer: UUID, locale: str, code: str, check: Check = any_room) -> None:
    """Close one's room for everyone and publish that; closing it again changes nothing.

    ``check`` sees the room before and may raise. Raises the problems `room_not_found` and `not_room_owner`.
    """
    async with db.transaction() as transaction:
        row = await owned_room(transaction, viewer, code)
        check(room_of(row, site, viewer, locale))
        await screenings.close(transaction, site, viewer, row.id, "owner")


def room_of(
    row: Row,
    site: Site,
    viewer: UUID | None,
    locale: str,
    shown: list[Invitation] | None = None,
    now: Mapping[UUID, Now] | None = None,
) -> Room:
    """Return the room in a row as the viewer sees it."""
    return Room(
        id=row.id,
        code=row.code,
        link=site.room_link(row.code, row.film_external_id or str(row.film_id)),
        film=film_of(row, locale),
        owner=person_shown(row.owner_id, row.owner_name, locale),
        access=row.access,
        control=row.control,
        capacity=row.capacity,
        starts_at=row.starts_at,
        settings={**SETTINGS_DEFAULTS, **row.settings},
        status="open" if row.closed_at is None else "closed",
        version=row.version,
        created_at=row.created_at,
        closed_at=row.closed_at,
        closed_reason=row.closed_reason,
        title=row.title,
        role="owner" if row.owner_id == viewer else row.role or "viewer",
        banned=row.banned,
        invitations=shown,
        now=None if row.banned or now is None else now.get(row.id),
    )
