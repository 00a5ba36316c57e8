"""Invitations to rooms: who may enter a room for invited people, and who is mailed about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Integer,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Queryable, Row, Statement, Transaction
from api_service.problems import GUEST_BANNED, INVITATION_NOT_FOUND, INVITATION_OVER, NOT_FRIENDS
from api_service.site import Site
from api_service.tables import bans, invitations, room_roles, users, watchlist
from api_service.usecases import limits, mail_guests, mails, outbox, published
from api_service.usecases.arrays import array_of, rows_of
from api_service.usecases.friends import friends_of
from api_service.usecases.idempotency import is_repeated
from api_service.usecases.invitation_list import MOST_SHOWN, SHOWN, Invitation, page_of
from api_service.usecases.mails import INVITEE, may_be_mailed
from api_service.usecases.paging import Page
from api_service.usecases.people import LOCALE, Person, User
from api_service.usecases.published import Invitee
from api_service.usecases.room_access import check_open, locked_room, next_version, owned_room

# One order's bound, each for those who are named and those who match; another order invites the rest.
MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Guests:
    """Whom to invite: ``users`` and ``moderators``, and with ``matches`` every friend who wants to watch the film.

    ``emails`` are addresses in lower case, for people who have no account yet.
    """

    users: tuple[UUID, ...] = ()
    matches: bool = False
    moderators: tuple[UUID, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many friends who want to watch the film were not invited, for one reason: `banned` or `too_many`."""

    reason: Literal["banned", "too_many"]
    count: int


NOBODY = Guests()

_inviter = bindparam("inviter", type_=Uuid)
_friends = friends_of(_inviter)
_is_named = users.c.id == func.any(array_of("named", Uuid))
# Whoever hides their list matches nobody.
_wants = and_(
    not_(users.c.list_hidden),
    exists().where(watchlist.c.user_id == users.c.id, watchlist.c.film_id == bindparam("film_id")),
)
_banned = exists().where(bans.c.room_id == bindparam("room_id", type_=Uuid), bans.c.user_id == users.c.id)
_stands = exists().where(
    invitations.c.room_id == bindparam("room_id", type_=Uuid),
    invitations.c.invitee_id == users.c.id,
    invitations.c.revoked_at.is_(None),
)
_LEFT_OUT = Statement(
    select(
        func.count().filter(_banned).label("banned"),
        func.count().filter(not_(_banned)).label("too_many"),
    )
    .select_from(users)
    .join(_friends, _friends.c.id == users.c.id)
    .where(users.c.removed_at.is_(None), _wants, not_(_stands))
)
_CANDIDATES = Statement(
    select(*INVITEE, _banned.label("banned"), may_be_mailed(cast(_inviter, Uuid)).label("may_be_mailed"))
    .join_from(users, _friends, _friends.c.id == users.c.id)
    .where(
        users.c.removed_at.is_(None),
        or_(_is_named, and_(bindparam("matches", type_=Boolean), _wants, not_(_banned), not_(_stands))),
    )
    .order_by(_is_named.desc(), users.c.name, users.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_pairs = rows_of("pair", id=("ids", Uuid), invitee_id=("invitees", Uuid))
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
_may_be_mailed = may_be_mailed(invitations.c.inviter_id).label("may_be_mailed")
_ONE = Statement(
    SHOWN.add_columns(users.c.email, LOCALE, users.c.time_zone, _may_be_mailed).where(
        invitations.c.id == bindparam("invitation_id", type_=Uuid), invitations.c.room_id == bindparam("room_id")
    )
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
    .returning(*INVITEE, _may_be_mailed)
)
_KNOWN = Statement(
    select(invitations.c.id).where(
        invitations.c.id == bindparam("invitation_id"), invitations.c.room_id == bindparam("room_id")
    )
)


_named_moderators = rows_of("named", id=("moderators", Uuid))
_MODERATORS = Statement(
    insert(room_roles)
    .from_select(
        ["room_id", "user_id", "role"],
        select(bindparam("room_id", type_=Uuid), _named_moderators.c.id, literal("moderator")),
    )
    .on_conflict_do_nothing()  # whoever has been in the room has the role that they have there
)


async def left_out(db: Queryable, room: Row, inviter: User, guests: Guests) -> list[LeftOut]:
    """Return how many of the friends whom an order's ``matches`` means have no invitation, by reason."""
    if not guests.matches:
        return []
    found = await db.one(_LEFT_OUT, inviter=inviter.id, film_id=room.film_id, room_id=room.id)
    counts = (LeftOut("banned", found.banned), LeftOut("too_many", found.too_many))
    return [one for one in counts if one.count]


async def invite(
    db: Database, site: Site, owner: User, code: str, guests: Guests, *, key: str | None = None
) -> tuple[Page[Invitation], list[LeftOut]]:
    """Invite more friends to one's open room; return the first page of its invitations, and who was left out.

    A request with a ``key`` is carried out once. Raises the problems `room_not_found`, `not_room_owner`, `room_closed`,
    `not_friends`, `guest_banned`, `limit_reached` and `idempotency_key_reused`.
    """
    row = await owned_room(db, owner.id, code)
    check_open(row)
    async with db.transaction() as transaction:
        if not await is_repeated(transaction, owner.id, key, row.id, ["invite", code, guests]):
            await add(transaction, site, row, owner, guests, field="users")
        missing = await left_out(transaction, row, owner, guests)
    return await page_of(db, row.id, MOST_SHOWN), missing


async def add(
    transaction: Transaction, site: Site, room: Row, inviter: User, guests: Guests, *, field: str
) -> list[Invitation]:
    """Invite those who are not invited yet, ask for a mail to each who can be mailed; return the new invitations.

    Raises the problems `not_friends` and `guest_banned`, whose errors name each wrong place in the request's ``field``,
    `email_invitations_off` and `limit_reached`. A banned friend who only matches is left out.
    """
    named = (*guests.users, *guests.moderators)
    if not named and not guests.matches and not guests.emails:
        return []
    candidates = await transaction.all(
        _CANDIDATES,
        inviter=inviter.id,
        named=list(named),
        matches=guests.matches,
        film_id=room.film_id,
        room_id=room.id,
        limit=len(named) + MOST_AT_ONCE,
    )
    # Ordered by key, so that two requests that invite the same people at once cannot deadlock.
    by_id = {row.id: row for row in sorted(candidates, key=lambda row: row.id)}
    _check(guests.users, by_id, field)
    _check(guests.moderators, by_id, "moderators")
    if guests.emails:
        place = field.rpartition("users")[0] + "emails"
        by_email = await mail_guests.candidates(transaction, site, room.id, inviter, guests.emails, field=place)
        by_email.sort(key=lambda row: guests.emails.index(row.email.lower()))
        _check([row.id for row in by_email], {row.id: row for row in by_email}, place)
        by_id = {row.id: row for row in sorted([*by_id.values(), *by_email], key=lambda row: row.id)}
    made = await transaction.all(
        _INVITE,
        ids=[uuid7() for _ in by_id],
        invitees=list(by_id),
        room_id=room.id,
        inviter=inviter.id,
    )
    new = [(row, by_id[row.invitee_id]) for row in made]
    mailable = [mails.Addressee(row.id, mails.invitee_of(person)) for row, person in new if person.may_be_mailed]
    asking = partial(published.invitation_created, site, room, inviter)
    await mails.ask(transaction, site, room, inviter.id, mailable, asking)
    if guests.moderators:
        await transaction.run(_MODERATORS, room_id=room.id, moderators=list(guests.moderators))

    return [
        Invitation(
            row.id,
            Person(person.id, person.name),
            "pending",
            row.created_at,
            row.created_at if person.may_be_mailed else None,  # both are the transaction's now()
            None,
            None,
            None,
            person.id in guests.moderators,
        )
        for row, person in new
    ]


async def resend(
    db: Database, site: Site, owner: User, code: str, invitation_id: UUID, *, key: str | None = None
) -> None:
    """Ask for an invitation's mail once more; of a person who wants no mails nothing is told.

    Raises the problems `room_not_found`, `not_room_owner`, `room_closed`, `invitation_not_found`, `invitation_over`,
    `limit_reached` (also if the last mail was asked for a short time ago) and `idempotency_key_reused`.
    """
    async with db.transaction() as transaction:
        row = await owned_room(transaction, owner.id, code)
        row = await locked_room(transaction, owner.id, row.id)
        if await is_repeated(transaction, owner.id, key, row.id, ["resend", invitation_id]):
            return
        found = await transaction.first(_ONE, invitation_id=invitation_id, room_id=row.id)
        if found is None:
            raise INVITATION_NOT_FOUND.problem()
        if found.status in ("declined", "revoked", "expired"):
            raise INVITATION_OVER.problem()
        if not found.may_be_mailed:
            return
        limits.check_pause(found.mailed_at, site.policy.resend_after_s)
        invitee = Invitee(found.invitee_id, found.name, found.email, found.locale, found.time_zone)
        to = [mails.Addressee(found.id, invitee)]
        await mails.ask(transaction, site, row, owner.id, to, partial(published.invitation_created, site, row, owner))


async def revoke(db: Database, site: Site, owner: User, code: str, invitation_id: UUID) -> None:
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
            if row.may_be_mailed:
                told.append(published.invitation_revoked(site, room, owner, invitation_id, mails.invitee_of(row)))
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
