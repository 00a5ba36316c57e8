"""Sessions: what a person signed in with, in a browser or by tokens, and how all that it has opened ends with it.

A browser's session is named in its cookie. One of tokens begins with the first join ticket that they get: it stands for
the provider's session that the tokens name (`sid`), or for all tokens of the person that name none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Interval, Text, bindparam, exists, func, literal, null, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Queryable, Row, Statement, Transaction
from api_service.problems import ACCOUNT_BLOCKED, PERSON_NOT_FOUND
from api_service.tables import inbox, provider_logouts, sessions, users
from api_service.usecases import outbox, published
from api_service.usecases.people import USER_COLUMNS, User, user_of
from shared.events.rooms import SESSIONS_MOST

# Counted from signing in, never extended.
LIFETIME: Final = timedelta(days=7)
SESSIONS_SHOWN: Final = 100

Reason = Literal["signed_out", "replaced", "provider_logout", "blocked", "deleted"]

_user_id = bindparam("user_id", type_=users.c.id.type)
_sid = bindparam("sid", type_=Text)
_until = func.now() + bindparam("lifetime", type_=Interval)
_new = ("id", "user_id", "provider_sid", "by_token", "expires_at")
# The lock waits for a block, or for the end of all sessions, that is under way, and then sees what that has done.
_owner = (
    select(bindparam("id", type_=users.c.id.type), users.c.id, bindparam("provider_sid", type_=Text))
    .where(users.c.id == _user_id, users.c.blocked_at.is_(None))
    .with_for_update(read=True, key_share=True)
)
_BEGIN = Statement(insert(sessions).from_select(_new, _owner.add_columns(literal(False), _until)))
_by_token = insert(sessions).from_select(_new, _owner.add_columns(true(), _until))
_OF_TOKENS = Statement(
    _by_token.on_conflict_do_update(
        index_elements=[sessions.c.user_id, sessions.c.provider_sid],
        index_where=sessions.c.by_token & sessions.c.ended_at.is_(None),
        set_={"expires_at": _by_token.excluded.expires_at},
    ).returning(sessions.c.id)
)
_stands = sessions.c.ended_at.is_(None)
_USER = Statement(
    select(*USER_COLUMNS)
    .join_from(sessions, users, users.c.id == sessions.c.user_id)
    .where(
        sessions.c.id == bindparam("session_id", type_=sessions.c.id.type),
        _stands,
        sessions.c.expires_at > func.now(),
        users.c.blocked_at.is_(None),
        users.c.removed_at.is_(None),
    )
)
_end = (
    update(sessions)
    .where(_stands)
    .values(ended_at=func.now(), end_reason=bindparam("reason", type_=Text))
    .returning(sessions.c.id, sessions.c.user_id, sessions.c.ended_at)
)
_END = Statement(_end.where(sessions.c.id == bindparam("session_id", type_=sessions.c.id.type)))
_END_OF_PERSON = Statement(_end.where(sessions.c.user_id == _user_id))
_END_AT_PROVIDER = Statement(
    _end.where(
        sessions.c.provider_sid == _sid,
        sessions.c.user_id == users.c.id,
        users.c.issuer == bindparam("issuer", type_=Text),
        or_(users.c.subject == bindparam("subject", type_=Text), bindparam("anybody")),
    )
)
_LOCK = Statement(
    select(users.c.id)
    .where(users.c.issuer == bindparam("issuer", type_=Text), users.c.subject == bindparam("subject", type_=Text))
    .with_for_update()
)
_SIGNED_OUT = Statement(update(users).where(users.c.id == _user_id).values(signed_out_at=func.now()))
_BLOCK = Statement(
    update(users).where(users.c.id == _user_id).values(blocked_at=func.coalesce(users.c.blocked_at, func.now()))
)
_UNBLOCK = Statement(update(users).where(users.c.id == _user_id).values(blocked_at=null()))
_NOTE_LOGOUT = Statement(insert(provider_logouts).values(sid=_sid).on_conflict_do_nothing())
_IS_LOGGED_OUT = Statement(select(exists().where(provider_logouts.c.sid == _sid).label("found")))
_TAKE = Statement(insert(inbox).values(event_id=bindparam("event_id", type_=Text)).on_conflict_do_nothing())


_OF_PERSON = Statement(
    select(sessions.c.id, sessions.c.by_token, sessions.c.created_at, sessions.c.expires_at)
    .where(sessions.c.user_id == _user_id, _stands, sessions.c.expires_at > func.now())
    .order_by(sessions.c.created_at.desc(), sessions.c.id)
    .limit(SESSIONS_SHOWN)
)
_OWN = sessions.c.user_id == _user_id
_END_OWN = Statement(_end.where(_OWN, sessions.c.id == bindparam("session_id", type_=sessions.c.id.type)))
_END_OTHERS = Statement(_end.where(_OWN, sessions.c.id != bindparam("session_id", type_=sessions.c.id.type)))


@dataclass(frozen=True, slots=True)
class OwnSession:
    """Where a person is signed in: in a browser, or ``by_token`` in an app of the cinema's."""

    id: UUID
    by_token: bool
    created_at: datetime
    expires_at: datetime


class AlreadyTaken(Exception):
    """This logout was received before."""


async def begin(db: Queryable, user_id: UUID, provider_sid: str) -> UUID:
    """Begin a browser's session and return its id; raises the problem `account_blocked`."""
    session_id = uuid7()
    if not await db.run(_BEGIN, id=session_id, user_id=user_id, provider_sid=provider_sid, lifetime=LIFETIME):
        raise ACCOUNT_BLOCKED.problem()
    return session_id


async def of_tokens(db: Queryable, user_id: UUID, provider_sid: str) -> UUID:
    """Return the session of a person's tokens that name this session of the provider, or none; begin it if needed.

    Raises the problem `account_blocked`.
    """
    row = await db.first(_OF_TOKENS, id=uuid7(), user_id=user_id, provider_sid=provider_sid, lifetime=LIFETIME)
    if row is None:
        raise ACCOUNT_BLOCKED.problem()
    found: UUID = row.id
    return found


async def user_by_session(db: Queryable, session_id: UUID) -> User | None:
    """Return whose session this is, None if it was ended, has run out or never was."""
    row = await db.first(_USER, session_id=session_id)
    return None if row is None else user_of(row)


async def is_logged_out(db: Queryable, provider_sid: str) -> bool:
    """Return whether the provider has told that this session of its own is over."""
    return bool((await db.one(_IS_LOGGED_OUT, sid=provider_sid)).found)


async def end(db: Database, session_id: UUID, reason: Reason) -> None:
    """End a session and all that it has opened; one that is over stays as it is."""
    async with db.transaction() as transaction:
        await _publish(transaction, await transaction.all(_END, session_id=session_id, reason=reason), reason)


async def of_person(db: Queryable, user_id: UUID) -> list[OwnSession]:
    """Return where a person is signed in, the newest first; at most SESSIONS_SHOWN."""
    return [OwnSession(*row) for row in await db.all(_OF_PERSON, user_id=user_id)]


async def end_own(db: Database, user_id: UUID, session_id: UUID) -> None:
    """End one of a person's own sessions and all that it has opened; of anybody else's nothing happens."""
    async with db.transaction() as transaction:
        ended = await transaction.all(_END_OWN, user_id=user_id, session_id=session_id, reason="signed_out")
        await _publish(transaction, ended, "signed_out")


async def end_others(db: Database, user_id: UUID, session_id: UUID) -> None:
    """End all of a person's sessions but one."""
    async with db.transaction() as transaction:
        ended = await transaction.all(_END_OTHERS, user_id=user_id, session_id=session_id, reason="signed_out")
        await _publish(transaction, ended, "signed_out")


async def end_at_provider(db: Database, logout: str, *, issuer: str, subject: str | None, sid: str | None) -> None:
    """End what the provider has ended: its session ``sid`` or, without one, all sessions of a person.

    ``logout`` identifies the provider's message: raises AlreadyTaken if it was received before.
    """
    async with db.transaction() as transaction:
        if not await transaction.run(_TAKE, event_id=logout):
            raise AlreadyTaken
        if sid is not None:
            await transaction.run(_NOTE_LOGOUT, sid=sid)
            ended = await transaction.all(
                _END_AT_PROVIDER,
                sid=sid,
                issuer=issuer,
                subject=subject or "",
                anybody=subject is None,
                reason="provider_logout",
            )
            await _publish(transaction, ended, "provider_logout")
            return
        person = await transaction.first(_LOCK, issuer=issuer, subject=subject)
        if person is not None:
            await transaction.run(_SIGNED_OUT, user_id=person.id)
            await end_all(transaction, person.id, "provider_logout")


async def block(db: Database, issuer: str, subject: str) -> None:
    """Let a person in nowhere any more and end all that they have open; raises the problem `person_not_found`."""
    async with db.transaction() as transaction:
        user_id = await _lock(transaction, issuer, subject)
        await transaction.run(_BLOCK, user_id=user_id)
        await end_all(transaction, user_id, "blocked")


async def unblock(db: Database, issuer: str, subject: str) -> None:
    """Let a person in again, who then signs in anew; raises the problem `person_not_found`."""
    async with db.transaction() as transaction:
        await transaction.run(_UNBLOCK, user_id=await _lock(transaction, issuer, subject))


async def _lock(transaction: Transaction, issuer: str, subject: str) -> UUID:
    row = await transaction.first(_LOCK, issuer=issuer, subject=subject)
    if row is None:
        raise PERSON_NOT_FOUND.problem("Nobody has this subject: feed the person first, or wait until they sign in.")
    user_id: UUID = row.id
    return user_id


async def end_all(transaction: Transaction, user_id: UUID, reason: Reason) -> None:
    """End all sessions of a person, and what they have opened."""
    await _publish(transaction, await transaction.all(_END_OF_PERSON, user_id=user_id, reason=reason), reason)


async def _publish(transaction: Transaction, ended: Iterable[Row], reason: Reason) -> None:
    by_person = groupby(sorted(ended, key=lambda row: row.user_id), key=lambda row: row.user_id)
    for user_id, rows in by_person:
        found = list(rows)
        at: datetime = found[0].ended_at
        ids: Sequence[UUID] = [row.id for row in found]
        for first in range(0, len(ids), SESSIONS_MOST):
            event = published.session_ended(user_id, ids[first : first + SESSIONS_MOST], reason, at)
            await outbox.add(transaction, [event])
