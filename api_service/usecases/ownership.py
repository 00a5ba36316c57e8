"""What becomes of a whole room: closed ones are opened again, open ones handed over to somebody else."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Interval, Uuid, bindparam, exists, func, literal, null, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Statement, Transaction
from api_service.problems import CANNOT_TRANSFER, ROOM_CLOSED
from api_service.site import Site
from api_service.tables import bans, chat_messages, invitations, room_events, room_roles, rooms, users, visits
from api_service.usecases import limits, outbox, published, screenings
from api_service.usecases.friends import friends_of
from api_service.usecases.idempotency import is_repeated
from api_service.usecases.invitation_list import of_room
from api_service.usecases.joining import archived, restore
from api_service.usecases.live_view import now_in
from api_service.usecases.people import GUEST_ISSUER, MAIL_ISSUER, User
from api_service.usecases.room_access import check_shown, lock, locked_room, next_version, owned_room, room_row
from api_service.usecases.rooms import Check, Room, any_room, room_of

REOPENED_WITHIN: Final = timedelta(days=1)  # sync_service knows for as long that a room was closed

_room_id = bindparam("room_id", type_=Uuid)
_user_id = bindparam("user_id", type_=Uuid)
_owner_id = bindparam("owner_id", type_=Uuid)
_REOPEN = Statement(
    update(rooms)
    .values(closed_at=null(), closed_reason=null(), reopened_at=func.now(), version=rooms.c.version + 1)
    .where(rooms.c.id == _room_id, rooms.c.closed_at > func.now() - literal(REOPENED_WITHIN, Interval))
)
_epochs = union_all(
    *(
        select(func.max(table.c.epoch).label("epoch")).where(table.c.room_id == _room_id)
        for table in (room_events, chat_messages, visits)
    )
).subquery("epochs")
_EPOCH = Statement(select(func.coalesce(func.max(_epochs.c.epoch), 0).label("epoch")))
_friends = friends_of(_owner_id)
_known = or_(
    exists().where(_friends.c.id == users.c.id),
    exists().where(room_roles.c.room_id == _room_id, room_roles.c.user_id == users.c.id),
    exists().where(
        invitations.c.room_id == _room_id, invitations.c.invitee_id == users.c.id, invitations.c.revoked_at.is_(None)
    ),
)
_HEIR = Statement(
    select(users.c.id).where(
        users.c.id == _user_id,
        users.c.id != _owner_id,
        users.c.removed_at.is_(None),
        users.c.blocked_at.is_(None),
        users.c.issuer.not_in((literal(MAIL_ISSUER), literal(GUEST_ISSUER))),
        _known,
        ~exists().where(bans.c.room_id == _room_id, bans.c.user_id == users.c.id),
    )
)
_HAND_OVER = Statement(update(rooms).values(owner_id=_user_id).where(rooms.c.id == _room_id))
_role = insert(room_roles).values(
    room_id=_room_id, user_id=_user_id, role=bindparam("role", type_=room_roles.c.role.type)
)
_SET_ROLE = Statement(
    _role.on_conflict_do_update(
        index_elements=[room_roles.c.room_id, room_roles.c.user_id], set_={"role": _role.excluded.role}
    )
)
_KEEP_INVITED = Statement(
    insert(invitations)
    .values(
        id=bindparam("id", type_=Uuid),
        room_id=_room_id,
        invitee_id=_owner_id,
        inviter_id=_user_id,
        answer="accepted",
        answered_at=func.now(),
    )
    .on_conflict_do_nothing(
        index_elements=[invitations.c.room_id, invitations.c.invitee_id],
        index_where=invitations.c.revoked_at.is_(None),
    )
)


async def reopen(
    db: Database, site: Site, owner: User, locale: str, code: str, check: Check = any_room, *, key: str | None = None
) -> Room:
    """Open one's room again that was closed less than a day ago; an open one stays as it is.

    It goes on where it was, and those invited to a screening that is still to come are told. ``check`` sees the room
    before and may raise. Raises the problems `room_not_found`, `not_room_owner`, `room_closed`, `film_not_found`,
    `film_unavailable`, `limit_reached` and `idempotency_key_reused`.
    """
    async with db.transaction() as transaction:
        row = await owned_room(transaction, owner.id, code)
        await lock(transaction, row.id)
        row = await room_row(transaction, owner.id, row.id)
        if not await is_repeated(transaction, owner.id, key, row.id, "reopen"):
            check(room_of(row, site, owner.id, locale))
            if row.closed_at is not None:
                await _reopen(transaction, site, owner, row.id)
                row = await room_row(transaction, owner.id, row.id)
        shown, now = await of_room(transaction, row.id), await now_in(transaction, [row])
    return room_of(row, site, owner.id, locale, shown, now)


async def _reopen(transaction: Transaction, site: Site, owner: User, room_id: UUID) -> None:
    if not await transaction.run(_REOPEN, room_id=room_id):
        raise ROOM_CLOSED.problem("This room was closed over a day ago and stays so: open a new one.")
    row = await room_row(transaction, owner.id, room_id)
    check_shown(row)
    await limits.room_opened(transaction, site.policy, owner.id)
    last = restore(await archived(transaction, room_id), row.film_duration_ms)
    epoch = (await transaction.one(_EPOCH, room_id=room_id)).epoch
    position_ms = None if last is None else last["position_ms"]
    await outbox.add(transaction, [published.room_reopened(row, position_ms, epoch)])
    await screenings.reopened(transaction, site, row)


async def transfer(
    db: Database, site: Site, owner: User, locale: str, code: str, heir_id: UUID, check: Check = any_room
) -> Room:
    """Hand one's open room over to somebody who has been in it, is invited or a friend; one stays as a moderator.

    ``check`` sees the room before and may raise. Raises the problems `room_not_found`, `not_room_owner`, `room_closed`
    and `cannot_transfer`.
    """
    async with db.transaction() as transaction:
        row = await owned_room(transaction, owner.id, code)
        row = await locked_room(transaction, owner.id, row.id)
        check(room_of(row, site, owner.id, locale))
        if await transaction.first(_HEIR, user_id=heir_id, owner_id=owner.id, room_id=row.id) is None:
            raise CANNOT_TRANSFER.problem()
        await transaction.run(_HAND_OVER, room_id=row.id, user_id=heir_id)
        await transaction.run(_SET_ROLE, room_id=row.id, user_id=heir_id, role="owner")
        await transaction.run(_SET_ROLE, room_id=row.id, user_id=owner.id, role="moderator")
        # In a room for invited people whoever owned it would lose sight of it.
        await transaction.run(_KEEP_INVITED, id=uuid7(), room_id=row.id, owner_id=owner.id, user_id=heir_id)
        row = await next_version(transaction, owner.id, row.id)
        await outbox.add(transaction, [published.room_changed(row, ["owner"], ())])
        now = await now_in(transaction, [row])
    return room_of(row, site, owner.id, locale, now=now)
