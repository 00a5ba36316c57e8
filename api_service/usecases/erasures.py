"""Who was erased: so that what still comes of them is known as theirs, without keeping who they were."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from api_service.database import Queryable, Statement
from api_service.tables import erasures

_user_id = bindparam("user_id", type_=Uuid)
_digest = bindparam("account_digest", type_=LargeBinary)
_NOTE = Statement(insert(erasures).values(user_id=_user_id, account_digest=_digest))
_ERASED_AT = Statement(
    select(func.max(erasures.c.erased_at).label("erased_at")).where(erasures.c.account_digest == _digest)
)
_IS_ERASED = Statement(select(erasures.c.user_id).where(erasures.c.user_id == _user_id))


async def note(db: Queryable, user_id: UUID, issuer: str, subject: str) -> None:
    """Note that an account was erased just now."""
    await db.run(_NOTE, user_id=user_id, account_digest=_digest_of(issuer, subject))


async def erased_at(db: Queryable, issuer: str, subject: str) -> datetime | None:
    """Return when the auth service's account of this name was last erased here, None if not in the last month."""
    found: datetime | None = (await db.one(_ERASED_AT, account_digest=_digest_of(issuer, subject))).erased_at
    return found


async def is_erased(db: Queryable, user_id: UUID) -> bool:
    """Return whether this was the id of an account that was erased in the last month."""
    return await db.first(_IS_ERASED, user_id=user_id) is not None


def _digest_of(issuer: str, subject: str) -> bytes:
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).digest()
