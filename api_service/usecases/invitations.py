"""Invitations to rooms: who may enter a room for invited people, and who is mailed about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Integer,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Queryable, Row, Statement, Transaction
from api_service.problems import GUEST_BANNED, INVITATION_NOT_FOUND, NOT_FRIENDS
from api_service.site import Site
from api_service.tables import bans, invitations, users, watchlist
from api_service.usecases import outbox, published
from api_service.usecases.friends import friends_of
from api_service.usecases.people import Person, User
from api_service.usecases.published import Invitee
from api_service.usecases.room_access import check_open, next_version, owned_room
from shared.events import Event

# The bound of one request; an owner with more friends invites the rest in another.
MOST_AT_ONCE = 200
MOST_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation, valid until ``revoked_at``."""

    id: UUID
    invitee: Person
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Guests:
    """Whom to invite: ``users`` by id, and with ``matches`` every friend who wants to watch the film."""

    users: tuple[UUID, ...] = ()
    matches: bool = False


NOBODY = Guests()

_inviter = bindparam("inviter", type_=Uuid)
_named = bindparam("named", type_=ARRAY(Uuid))
_friends = friends_of(_inviter)
_is_named = users.c.id == func.any(cast(_named, ARRAY(Uuid)))
_wants = exists().where(watchlist.c.user_id == users.c.id, watchlist.c.film_id == bindparam("film_id"))
_banned = exists().where(bans.c.room_id == bindparam("room_id", type_=Uuid), bans.c.user_id == users.c.id)
_CANDIDATES = Statement(
    select(users.c.id, users.c.name, users.c.email, users.c.locale, _banned.label("banned"))
    .join_from(users, _friends, _friends.c.id == users.c.id)
    .where(or_(_is_named, and_(bindparam("matches", type_=Boolean), _wants, not_(_banned))))
    .order_by(_is_named.desc(), users.c.name, users.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_pairs = (
    func.unnest(
        cast(bindparam("ids", type_=ARRAY(Uuid)), ARRAY(Uuid)),
        cast(bindparam("invitees", type_=ARRAY(Uuid)), ARRAY(Uuid)),
    )
    .table_valued(column("id", Uuid), column("invitee_id", Uuid), name="pair")
    .render_derived()
)
_INVITE = Statement(
    insert(invitations)
    .from_select(
        ["id", "room_id", "invitee_id", "inviter_id"],
        select(_pairs.c.id, bindparam("room_id", type_=Uuid), _pairs.c.invitee_id, _inviter),
    )
    .on_conflict_do_nothing(
        index_elements=[invitations.c.room_id, invitations.c.invitee_id],
        index_where=invitations.c.revoked_at.is_(None),
    )
    .returning(invitations.c.invitee_id, invitations.c.id, invitations.c.created_at)
)
_LIST = Statement(
    select(
        invitations.c.id,
        invitations.c.created_at,
        invitations.c.revoked_at,
        users.c.id.label("invitee_id"),
        users.c.name,
    )
    .join_from(invitations, users, users.c.id == invitations.c.invitee_id)
    .where(invitations.c.room_id == bindparam("room_id"))
    .order_by(invitations.c.id)
    .limit(MOST_SHOWN)
)
_REVOKE = Statement(
    update(invitations)
    .values(revoked_at=func.now())
    .where(
        invitations.c.id == bindparam("invitation_id"),
        invitations.c.room_id == bindparam("room_id"),
        invitations.c.revoked_at.is_(None),
        users.c.id == invitations.c.invitee_id,
    )
    .returning(users.c.id, users.c.name, users.c.email, users.c.locale)
)
_KNOWN = Statement(
    select(invitations.c.id).where(
        invitations.c.id == bindparam("invitation_id"), invitations.c.room_id == bindparam("room_id")
    )
)


async def listed(db: Queryable, owner: UUID, code: str) -> list[Invitation]:
    """Return the invitations to one's room, as `of_room`; raises the problems `room_not_found` and `not_room_owner`."""
    return await of_room(db, (await owned_room(db, owner, code)).id)


async def of_room(db: Queryable, room_id: UUID) -> list[Invitation]:
    """Return a room's invitations, revoked ones too, in the order of their creation; at most ``MOST_SHOWN``."""
    rows = await db.all(_LIST, room_id=room_id)
    return [Invitation(row.id, Person(row.invitee_id, row.name), row.created_at, row.revoked_at) for row in rows]


async def invite(db: Database, site: Site, owner: User, code: str, guests: Guests) -> list[Invitation]:
    """Invite more friends to one's open room and return all of its invitations.

    Raises the problems `room_not_found`, `not_room_owner`, `room_closed`, `not_friends` and `guest_banned`.
    """
    row = await owned_room(db, owner.id, code)
    check_open(row)
    async with db.transaction() as transaction:
        _, mails = await add(transaction, site, row, owner, guests, field="users")
        await outbox.add(transaction, mails)
    return await of_room(db, row.id)


async def add(
    transaction: Transaction, site: Site, room: Row, inviter: User, guests: Guests, *, field: str
) -> tuple[list[Invitation], list[Event]]:
    """Invite friends who are not invited yet; return the new invitations, and an event for each that can be mailed.

    The events belong in the outbox of the same transaction. Raises the problems `not_friends` and `guest_banned`, whose
    errors name each wrong place in the request's ``field``. A banned friend who only matches is left out.
    """
    if not guests.users and not guests.matches:
        return [], []
    candidates = await transaction.all(
        _CANDIDATES,
        inviter=inviter.id,
        named=list(guests.users),
        matches=guests.matches,
        film_id=room.film_id,
        room_id=room.id,
        limit=MOST_AT_ONCE,
    )
    # Ordered by key, so that two requests that invite the same people at once cannot deadlock.
    by_id = {row.id: row for row in sorted(candidates, key=lambda row: row.id)}
    _check(guests.users, by_id, field)
    made = await transaction.all(
        _INVITE,
        ids=[uuid7() for _ in by_id],
        invitees=list(by_id),
        room_id=room.id,
        inviter=inviter.id,
    )
    mails = [
        published.invitation_created(site, room, inviter, row.id, _invitee(by_id[row.invitee_id]))
        for row in made
        if by_id[row.invitee_id].email is not None
    ]
    invited = [
        Invitation(row.id, Person(row.invitee_id, by_id[row.invitee_id].name), row.created_at, None) for row in made
    ]
    return invited, mails


async def revoke(db: Database, owner: User, code: str, invitation_id: UUID) -> None:
    """Revoke an invitation to one's room and publish that; repeating it changes nothing.

    An open room for invited people shows the person out, and their tickets are void. Raises the problems
    `room_not_found`, `not_room_owner` and `invitation_not_found`.
    """
    room = await owned_room(db, owner.id, code)
    async with db.transaction() as transaction:
        row = await transaction.first(_REVOKE, invitation_id=invitation_id, room_id=room.id)
        if row is not None:
            room = await next_version(transaction, owner.id, room.id)
            told = []
            if room.closed_at is None and room.access == "invited":
                told.append(published.member_revoked(room, row.id, owner.id))
            if row.email is not None:
                told.append(published.invitation_revoked(room, owner, invitation_id, _invitee(row)))
            await outbox.add(transaction, told)
    if row is None and await db.first(_KNOWN, invitation_id=invitation_id, room_id=room.id) is None:
        raise INVITATION_NOT_FOUND.problem()


def _check(named: Sequence[UUID], friends: Mapping[UUID, Row], field: str) -> None:
    def errors(wrong: Callable[[UUID], bool], what: str) -> list[dict[str, str]]:
        return [
            {"field": f"{field}.{place}", "message": f"{user_id} {what}."}
            for place, user_id in enumerate(named)
            if wrong(user_id)
        ]

    if strangers := errors(lambda one: one not in friends, "is not an accepted friend of yours"):
        raise NOT_FRIENDS.problem(errors=strangers)
    if banned := errors(lambda one: bool(friends[one].banned), "is banned from this room"):
        raise GUEST_BANNED.problem(errors=banned)


def _invitee(row: Row) -> Invitee:
    return Invitee(row.id, row.name, row.email, row.locale)
