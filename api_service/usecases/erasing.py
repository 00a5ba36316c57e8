"""Erasing a person: nothing of theirs is left that names them, and what they did together with others stays nameless.

The row of the account is deleted, and with it all that refers to it by a cascading key: sessions, friendships, wishes,
roles, bans, invitations to them. What must outlive it is given to one row that stands for every deleted viewer. Rooms
are locked before the account is deleted, as everywhere else, so that nobody waits for each other in a circle.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from sqlalchemy import text

from api_service.database import ConstraintViolated, Database, Row, Statement, Transaction
from api_service.problems import PERSON_NOT_FOUND
from api_service.site import Site
from api_service.usecases import erasures, outbox, published, screenings, sessions
from api_service.usecases.people import DELETED_ID, DELETED_NAMES
from api_service.usecases.room_access import next_version

# Whoever opens a room or does the like at the very moment is erased by the next attempt.
ATTEMPTS: Final = 5
# Rows changed, and rows of the outbox looked at, by one statement, whose deadline must never be near.
BATCH: Final = 5_000
CHUNK: Final = 20_000

_FIND: Final = Statement(text("SELECT id FROM users WHERE issuer = :issuer AND subject = :subject"))
# At first whatever refers to the account may go on; rooms are locked before nothing new can refer to it.
_LOCK: Final = Statement(
    text("SELECT issuer, subject, email FROM users WHERE id = :user_id AND id <> :nobody FOR NO KEY UPDATE")
)
_LOCK_WHOLE: Final = Statement(text("SELECT id FROM users WHERE id = :user_id FOR UPDATE"))
_NOBODY: Final = Statement(
    text("""
INSERT INTO users (id, issuer, subject, name, locale, removed_at, blocked_at)
VALUES (:nobody, '', '', :name, 'en', now(), now()) ON CONFLICT DO NOTHING
""")
)
# Where something of theirs may still be live: sync_service keeps a closed room's events for an hour.
_ROOMS: Final = Statement(
    text("""
SELECT id, owner_id = :user_id AND closed_at IS NULL AS to_pass_on FROM rooms
WHERE (closed_at IS NULL OR closed_at > now() - interval '2 hours')
    AND (owner_id = :user_id OR id IN (SELECT room_id FROM room_roles WHERE user_id = :user_id))
ORDER BY id FOR NO KEY UPDATE
""")
)
_SUCCESSOR: Final = Statement(
    text("""
SELECT person.id FROM room_roles AS place
JOIN users AS person ON person.id = place.user_id
JOIN rooms AS room ON room.id = place.room_id
LEFT JOIN LATERAL (
    SELECT sum(coalesce(visit.ended_at, now()) - visit.started_at) AS present FROM visits AS visit
    WHERE visit.room_id = place.room_id AND visit.user_id = place.user_id
) AS visits ON true
WHERE place.room_id = :room_id AND place.user_id <> :user_id
    AND (place.role = 'moderator' OR visits.present IS NOT NULL)
    AND person.removed_at IS NULL AND person.blocked_at IS NULL
    AND person.issuer <> 'guest:'
    AND NOT EXISTS (SELECT FROM bans WHERE room_id = place.room_id AND user_id = place.user_id)
    AND (room.access = 'link' OR EXISTS (
        SELECT FROM invitations WHERE room_id = place.room_id AND invitee_id = place.user_id AND revoked_at IS NULL
    ))
ORDER BY place.role = 'moderator' DESC, visits.present DESC NULLS LAST, place.since, place.user_id
LIMIT 1
""")
)
# The title is a text of the owner's own.
_OWNED_BY: Final = Statement(
    text("UPDATE rooms SET owner_id = :owner_id, title = NULL, version = version + 1 WHERE id = :room_id")
)
_OWNER: Final = Statement(
    text("""
WITH invited AS (DELETE FROM invitations WHERE room_id = :room_id AND invitee_id = :owner_id),
inviting AS (
    UPDATE invitations SET inviter_id = :owner_id
    WHERE room_id = :room_id AND inviter_id = :user_id AND invitee_id <> :owner_id
)
UPDATE room_roles SET role = 'owner' WHERE room_id = :room_id AND user_id = :owner_id
""")
)


def _of_person(table: str, key: str, column: str, what: str, where: str = "true") -> Statement:
    """Return the statement that does ``what`` to a batch of a table's rows whose ``column`` is the person."""
    some = f"SELECT {key} FROM {table} WHERE {column} = :user_id AND {where} LIMIT :batch"  # noqa: S608
    return Statement(text(f"{what} WHERE ({key}) IN ({some})"))


_PLACE: Final = "room_id, epoch, seq"
_DELETED_MESSAGE: Final = "author_name = '', text = '', deleted_at = coalesce(deleted_at, now())"
_GIVEN_AWAY: Final = (
    _of_person("rooms", "id", "owner_id", "UPDATE rooms SET owner_id = :nobody, title = NULL", "closed_at IS NOT NULL"),
    _of_person("invitations", "id", "inviter_id", "UPDATE invitations SET inviter_id = :nobody"),
    _of_person("visits", "id", "user_id", "UPDATE visits SET user_id = :nobody"),
    _of_person("room_events", _PLACE, "user_id", "UPDATE room_events SET user_id = :nobody"),
    _of_person("asides", _PLACE, "user_id", "UPDATE asides SET user_id = :nobody"),
    # Their words are theirs: what is left of a message is its place.
    _of_person(
        "chat_messages",
        _PLACE,
        "author_id",
        f"UPDATE chat_messages SET author_id = :nobody, {_DELETED_MESSAGE}",  # noqa: S608
    ),
)
# The rest goes with the account's row; of wishes there may be many, and one statement has a deadline.
_MANY: Final = (
    _of_person("watchlist", "user_id, film_id", "user_id", "DELETE FROM watchlist"),
    _of_person("removed_wishes", "user_id, film_id", "user_id", "DELETE FROM removed_wishes"),
)
# What names them by no key.
_UNSUBSCRIBED: Final = Statement(text("DELETE FROM unsubscribed WHERE email = lower(CAST(:email AS text))"))
_LIMITS: Final = Statement(text("DELETE FROM limit_uses WHERE position(CAST(:user_id AS text) IN key) > 0"))
_NAMED: Final = Statement(text("DELETE FROM feed_named WHERE :user_id IN (one_id, other_id)"))
_RANKED: Final = Statement(text("DELETE FROM match_rankings WHERE :user_id = ANY (named)"))
_DELETE: Final = Statement(text("DELETE FROM users WHERE id = :user_id"))

_LAST_OF_CHUNK: Final = Statement(
    text("""
SELECT id FROM (SELECT id FROM outbox WHERE id > :after ORDER BY id LIMIT :chunk) AS chunk ORDER BY id DESC LIMIT 1
""")
)
_UNTELL: Final = Statement(
    text("""
DELETE FROM outbox WHERE id > :after AND id <= :last AND (
    data #>> '{invitee,id}' = :person OR data #>> '{person,id}' = :person
    OR data #>> '{people,0,id}' = :person OR data #>> '{people,1,id}' = :person
)
""")
)
_RETELL: Final = Statement(
    text("""
UPDATE outbox SET data = outbox.data || jsonb_build_object('title', NULL, 'inviter', jsonb_build_object(
    'id', owner.id, 'name', CASE WHEN owner.id <> :nobody THEN owner.name
        ELSE CAST(:names AS jsonb) ->> (outbox.data #>> '{invitee,locale}') END
))
FROM rooms AS room JOIN users AS owner ON owner.id = room.owner_id
WHERE outbox.id > :after AND outbox.id <= :last AND outbox.data #>> '{inviter,id}' = :person
    AND room.id::text = outbox.subject
""")
)
# What rooms of theirs were called, as told of each while it was theirs.
_UNNAME: Final = Statement(
    text("""
UPDATE outbox SET data = data #- '{room,title}' #- '{changes,title}'
WHERE id > :after AND id <= :last AND data #>> '{room,owner}' = :person
""")
)


async def erase(db: Database, site: Site, user_id: UUID, progress: Callable[[], None] = lambda: None) -> None:
    """Erase a person; one who is erased already stays so. Calls ``progress`` on the way.

    Open rooms of theirs pass on to a moderator, else to whoever was there longest, else they are closed. The live rooms
    receive it by events, and a later sign-in makes a new account.
    """
    for attempt in range(ATTEMPTS):
        try:
            async with db.transaction() as transaction:
                await _erase(transaction, site, user_id, progress)
        except ConstraintViolated:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


async def erase_subject(
    db: Database, site: Site, issuer: str, subject: str, progress: Callable[[], None] = lambda: None
) -> None:
    """Erase the person whom the auth service calls so; raises `person_not_found` for one who never was here."""
    person = await db.first(_FIND, issuer=issuer, subject=subject)
    if person is not None:
        await erase(db, site, person.id, progress)
    elif await erasures.erased_at(db, issuer, subject) is None:
        raise PERSON_NOT_FOUND.problem("Nobody has this subject: there is nothing to be erased.")


async def _erase(transaction: Transaction, site: Site, user_id: UUID, progress: Callable[[], None]) -> None:
    person = await transaction.first(_LOCK, user_id=user_id, nobody=DELETED_ID)
    if person is None:
        return
    await transaction.run(_NOBODY, nobody=DELETED_ID, name=DELETED_NAMES["en"])
    for room in await transaction.all(_ROOMS, user_id=user_id):
        if room.to_pass_on:
            await _pass_on(transaction, site, room.id, user_id)
        row = await next_version(transaction, DELETED_ID, room.id)
        await outbox.add(transaction, [published.member_erased(row, user_id)])
        progress()
    await transaction.run(_LOCK_WHOLE, user_id=user_id)
    await sessions.end_all(transaction, user_id, "deleted")
    for statement in _GIVEN_AWAY:
        while await transaction.run(statement, user_id=user_id, nobody=DELETED_ID, batch=BATCH) == BATCH:
            progress()
    for statement in _MANY:
        while await transaction.run(statement, user_id=user_id, batch=BATCH) == BATCH:
            progress()
    if person.email is not None:
        await transaction.run(_UNSUBSCRIBED, email=person.email)
    await transaction.run(_LIMITS, user_id=str(user_id))
    await transaction.run(_NAMED, user_id=user_id)
    await transaction.run(_RANKED, user_id=user_id)
    await erasures.note(transaction, user_id, person.issuer, person.subject)
    await transaction.run(_DELETE, user_id=user_id)
    # Now that nothing new can refer to them, all that was about to be told of them is here.
    await _untell(transaction, str(user_id), progress)


async def _pass_on(transaction: Transaction, site: Site, room_id: UUID, user_id: UUID) -> None:
    successor: Row | None = await transaction.first(_SUCCESSOR, room_id=room_id, user_id=user_id)
    if successor is not None:
        await transaction.run(_OWNED_BY, room_id=room_id, owner_id=successor.id)
        await transaction.run(_OWNER, room_id=room_id, owner_id=successor.id, user_id=user_id)
    else:
        await transaction.run(_OWNED_BY, room_id=room_id, owner_id=DELETED_ID)
        await screenings.close(transaction, site, DELETED_ID, room_id, "owner")


async def _untell(transaction: Transaction, person: str, progress: Callable[[], None]) -> None:
    """Delete what the outbox has to tell of a person and the names of their rooms; invitations name the new owner."""
    after = DELETED_ID
    while (last := await transaction.first(_LAST_OF_CHUNK, after=after, chunk=CHUNK)) is not None:
        bounds = {"after": after, "last": last.id, "person": person}
        await transaction.run(_UNTELL, **bounds)
        await transaction.run(_UNNAME, **bounds)
        await transaction.run(_RETELL, **bounds, nobody=DELETED_ID, names=DELETED_NAMES)
        after = last.id
        progress()
