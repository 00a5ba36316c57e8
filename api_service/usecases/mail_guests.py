"""Guests by e-mail: addresses that are no account yet, to which a room's owner sends an invitation.

Until somebody signs in with it, an address stands in `users` as an account of an issuer of our own, whom nobody can
sign in as, befriend or find. What it was invited to becomes the account's that signs in with this address, confirmed.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, cast, delete, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Row, Statement, Transaction
from api_service.problems import EMAIL_INVITATIONS_OFF, NOT_FRIENDS
from api_service.site import Site
from api_service.tables import bans, invitations, muted_inviters, users
from api_service.usecases import limits
from api_service.usecases.arrays import array_of, rows_of
from api_service.usecases.friends import friends_of
from api_service.usecases.mails import INVITEE, may_be_mailed
from api_service.usecases.people import MAIL_ISSUER, User

MOST_AT_ONCE: Final = 50

_inviter = bindparam("inviter", type_=Uuid)
_user_id = bindparam("user_id", type_=Uuid)
_guest_id = bindparam("guest_id", type_=Uuid)
_friends = friends_of(_inviter)
_address = func.lower(users.c.email)
_ACCOUNTS = Statement(
    select(users.c.id, _address.label("address"), _friends.c.id.is_not(None).label("is_friend"))
    .select_from(users)
    .outerjoin(_friends, _friends.c.id == users.c.id)
    .where(
        _address.op("=")(func.any(array_of("addresses", Text))),
        users.c.issuer != MAIL_ISSUER,
        users.c.removed_at.is_(None),
    )
)
_new = rows_of("new_guest", id=("ids", Uuid), address=("addresses", Text))
_guest = insert(users).from_select(
    ["id", "issuer", "subject", "name", "email", "locale"],
    select(
        _new.c.id,
        literal(MAIL_ISSUER),
        _new.c.address,
        _new.c.address,
        _new.c.address,
        bindparam("locale", type_=Text),
    ),
)
_ADD = Statement(
    # An update, so that those come back too that are there already.
    _guest.on_conflict_do_update(
        index_elements=[users.c.issuer, users.c.subject], set_={"updated_at": func.now()}
    ).returning(users.c.id)
)
_banned = exists().where(bans.c.room_id == bindparam("room_id", type_=Uuid), bans.c.user_id == users.c.id)
_CANDIDATES = Statement(
    select(*INVITEE, _banned.label("banned"), may_be_mailed(cast(_inviter, Uuid)).label("may_be_mailed")).where(
        users.c.id == func.any(array_of("ids", Uuid))
    )
)
_GUEST = Statement(
    select(users.c.id).where(
        users.c.issuer == MAIL_ISSUER, users.c.subject == func.lower(bindparam("email", type_=Text))
    )
)
_other = invitations.alias("other")
_INHERIT = Statement(
    update(invitations)
    .values(invitee_id=_user_id)
    .where(
        invitations.c.invitee_id == _guest_id,
        ~exists().where(
            _other.c.room_id == invitations.c.room_id,
            _other.c.invitee_id == _user_id,
            _other.c.revoked_at.is_(None),
        ),
    )
)
_MUTES = Statement(
    insert(muted_inviters)
    .from_select(
        ["user_id", "inviter_id", "muted_at"],
        select(_user_id, muted_inviters.c.inviter_id, muted_inviters.c.muted_at).where(
            muted_inviters.c.user_id == _guest_id
        ),
    )
    .on_conflict_do_nothing()
)
_FORGET = Statement(delete(users).where(users.c.id == _guest_id))


async def candidates(
    transaction: Transaction, site: Site, room_id: UUID, inviter: User, emails: Sequence[str], *, field: str
) -> list[Row]:
    """Return those behind addresses (in lower case) as rows with INVITEE, ``banned`` and ``may_be_mailed``.

    A friend's address stands for the friend. Raises the problems `email_invitations_off`, `limit_reached` and
    `not_friends`, for addresses of accounts that are no friends: its errors name their places in ``field``.
    """
    if not site.policy.invite_by_email:
        raise EMAIL_INVITATIONS_OFF.problem()
    # Whoever tries addresses learns which of them are accounts.
    await limits.searched(transaction, site.policy, inviter.id, len(emails))
    accounts = await transaction.all(_ACCOUNTS, inviter=inviter.id, addresses=list(emails))
    friends = {row.address: row.id for row in accounts if row.is_friend}
    strangers = {row.address for row in accounts} - friends.keys()
    if strangers:
        raise NOT_FRIENDS.problem(
            errors=[
                {
                    "field": f"{field}.{place}",
                    "message": "This is somebody who has an account and is no friend of yours.",
                }
                for place, email in enumerate(emails)
                if email in strangers
            ]
        )
    # Ordered, so that two requests that invite the same addresses at once cannot deadlock.
    new = sorted(set(emails) - friends.keys())
    guests = await transaction.all(_ADD, ids=[uuid7() for _ in new], addresses=new, locale=inviter.locale)
    ids = [*friends.values(), *(row.id for row in guests)]
    return await transaction.all(_CANDIDATES, ids=ids, inviter=inviter.id, room_id=room_id)


async def claim(db: Database, user_id: UUID, email: str | None) -> None:
    """Let an account have the invitations of an address that it has confirmed to be its own."""
    guest = None if email is None else await db.first(_GUEST, email=email)
    if guest is None:
        return
    async with db.transaction() as transaction:
        await transaction.run(_INHERIT, user_id=user_id, guest_id=guest.id)
        await transaction.run(_MUTES, user_id=user_id, guest_id=guest.id)
        await transaction.run(_FORGET, guest_id=guest.id)
