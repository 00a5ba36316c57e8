"""Idempotency keys: a repeated request is known again for a day (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import LargeBinary, Text, Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from api_service.database import Statement, Transaction
from api_service.problems import IDEMPOTENCY_KEY_REUSED
from api_service.tables import idempotency_keys

_user_id = bindparam("user_id", type_=Uuid)
_key = bindparam("key", type_=Text)
_KEEP = Statement(
    insert(idempotency_keys)
    .values(
        user_id=_user_id,
        key=_key,
        fingerprint=bindparam("fingerprint", type_=LargeBinary),
        room_id=bindparam("room_id", type_=Uuid),
    )
    .on_conflict_do_nothing()
)
_EARLIER = Statement(
    select(idempotency_keys.c.fingerprint).where(idempotency_keys.c.user_id == _user_id, idempotency_keys.c.key == _key)
)


def fingerprint_of(request: Any) -> bytes:
    """Return the fingerprint of a request's plain content: dataclasses, mappings, UUIDs, moments."""
    return hashlib.sha256(orjson.dumps(request, option=orjson.OPT_NON_STR_KEYS)).digest()


async def is_repeated(transaction: Transaction, user_id: UUID, key: str | None, room_id: UUID, request: Any) -> bool:
    """Return whether this request about a room was carried out before; else its key is kept with the transaction.

    A repetition waits for the first request to end. Raises the problem `idempotency_key_reused`.
    """
    if key is None:
        return False
    fingerprint = fingerprint_of(request)
    if await transaction.run(_KEEP, user_id=user_id, key=key, fingerprint=fingerprint, room_id=room_id):
        return False
    if bytes((await transaction.one(_EARLIER, user_id=user_id, key=key)).fingerprint) != fingerprint:
        raise IDEMPOTENCY_KEY_REUSED.problem()
    return True
