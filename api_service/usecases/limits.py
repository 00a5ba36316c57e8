"""Limits that protect people: how many mails, rooms and searches one person may cause within a window of time.

Each count is a row; the window begins with the first use and ends all at once. A count is raised in the transaction of
what it counts, so what was refused or failed costs nothing.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Interval, Text, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import insert

from api_service.database import Queryable, Statement
from api_service.policy import Policy
from api_service.problems import LIMIT_REACHED
from api_service.tables import limit_uses
from api_service.usecases.arrays import rows_of
from shared.service import Problem

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Limit:
    """``most`` uses of ``name`` within ``window_s`` seconds; ``what`` is said to people."""

    name: str
    most: int
    window_s: int
    what: str


_keys = rows_of("used_by", key=("keys", Text))
_use = insert(limit_uses).from_select(
    ["name", "key", "used", "resets_at"],
    # Ordered, so that two requests that count the same keys cannot deadlock.
    select(
        bindparam("name", type_=Text),
        _keys.c.key,
        bindparam("amount", type_=Integer),
        func.now() + bindparam("window", type_=Interval),
    ).order_by(_keys.c.key),
)
_is_over = limit_uses.c.resets_at <= func.now()
_USE = Statement(
    _use.on_conflict_do_update(
        index_elements=[limit_uses.c.name, limit_uses.c.key],
        set_={
            "used": case((_is_over, _use.excluded.used), else_=limit_uses.c.used + _use.excluded.used),
            "resets_at": case((_is_over, _use.excluded.resets_at), else_=limit_uses.c.resets_at),
        },
    ).returning(
        limit_uses.c.key, limit_uses.c.used, func.extract("epoch", limit_uses.c.resets_at - func.now()).label("left_s")
    )
)


async def room_opened(db: Queryable, policy: Policy, owner: UUID) -> None:
    """Count a room; raises the problem `limit_reached`."""
    await _count(db, Limit("rooms", policy.rooms_per_hour, HOUR_S, "rooms opened by you within an hour"), [str(owner)])


async def searched(db: Queryable, policy: Policy, viewer: UUID, amount: int = 1) -> None:
    """Count searches by e-mail address; raises the problem `limit_reached`."""
    limit = Limit("searches", policy.searches_per_hour, HOUR_S, "searches by e-mail address within an hour")
    await _count(db, limit, [str(viewer)], amount)


async def guest_entered(db: Queryable, policy: Policy, address: str) -> None:
    """Count a guest without an account from this address; raises the problem `limit_reached`."""
    limit = Limit("guests", policy.guests_per_hour, HOUR_S, "guests from one address within an hour")
    await _count(db, limit, [address])


async def mailed(db: Queryable, policy: Policy, inviter: UUID, room_id: UUID, invitees: Collection[str]) -> None:
    """Count a mail of this room from one person to each of the others (ids); raises the problem `limit_reached`."""
    if not invitees:
        return
    by_inviter = Limit("mails", policy.mails_per_day, DAY_S, "mails caused by you within a day")
    by_room = Limit("mails_of_room", policy.mails_per_room, DAY_S, "mails about this room within a day")
    by_pair = Limit("mails_to_person", policy.mails_per_person, DAY_S, "mails from you to the same person within a day")
    await _count(db, by_inviter, [str(inviter)], len(invitees))
    await _count(db, by_room, [str(room_id)], len(invitees))
    await _count(db, by_pair, [f"{inviter}:{invitee}" for invitee in sorted(invitees)])


async def _count(db: Queryable, limit: Limit, keys: list[str], amount: int = 1) -> None:
    rows = await db.all(_USE, name=limit.name, keys=keys, amount=amount, window=timedelta(seconds=limit.window_s))
    over = [row for row in rows if row.used > limit.most]
    if not over:
        return
    wait_s = max(1, math.ceil(max(row.left_s for row in over)))
    raise _reached(limit, wait_s)


def check_pause(last: datetime | None, pause_s: int) -> None:
    """Raise the problem `limit_reached` if an invitation's last mail was asked for less than ``pause_s`` ago."""
    left_s = 0.0 if last is None else pause_s - (datetime.now(UTC) - last).total_seconds()
    if left_s > 0:
        raise _reached(Limit("resend", 1, pause_s, "mail of one invitation at a time"), math.ceil(left_s))


def _reached(limit: Limit, wait_s: int) -> Problem:
    # draft-ietf-httpapi-ratelimit-headers-10: structured fields (RFC 9651).
    return LIMIT_REACHED.problem(
        f"At most {limit.most} {limit.what}: try again in {wait_s} s.",
        headers={
            "Retry-After": str(wait_s),
            "RateLimit-Policy": f'"{limit.name}";q={limit.most};w={limit.window_s}',
            "RateLimit": f'"{limit.name}";r=0;t={wait_s}',
        },
    )
