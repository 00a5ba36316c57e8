"""Another film for a room in which people are: they stay, and so do its chat and its link."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Uuid, bindparam, or_, select

from api_service.database import Database, Queryable, Row, Statement
from api_service.problems import FILM_NOT_FOUND, NOT_ENTITLED, OTHERS_NOT_ENTITLED
from api_service.site import Site
from api_service.tables import films, rooms, users, visits
from api_service.usecases.entitlement import Entitlement, Question
from api_service.usecases.live_view import HERE
from api_service.usecases.people import DELETED_ID, User
from api_service.usecases.room_access import check_open, owned_room
from api_service.usecases.rooms import Check, Room, any_room, change_room
from shared.service import Problem

# The cinema is asked about so many people at a time.
AT_ONCE: Final = 8
NAMED_MOST: Final = 5

_FILM: Final = Statement(select(films.c.external_id).where(films.c.id == bindparam("film_id", type_=Uuid)))
_room_id = bindparam("room_id", type_=Uuid)
_inside = select(visits.c.user_id).where(visits.c.room_id == _room_id, *HERE)
_owner = select(rooms.c.owner_id).where(rooms.c.id == _room_id).scalar_subquery()
_PEOPLE: Final = Statement(
    select(users.c.id, users.c.name, users.c.issuer, users.c.subject, users.c.locale)
    .where(or_(users.c.id.in_(_inside), users.c.id == _owner), users.c.id != DELETED_ID)
    .order_by(users.c.name, users.c.id)
)


async def change_film(
    db: Database,
    site: Site,
    owner: User,
    locale: str,
    code: str,
    film_id: UUID,
    start: Literal["at_once", "together"],
    entitlement: Entitlement | None = None,
    check: Check = any_room,
) -> Room:
    """Have one's room go on with another film, at once or from a lobby.

    The cinema's ``entitlement``, if it has one, is asked about everybody who is in the room, and its owner. Whoever
    comes later is asked about as they come. ``check`` sees the room before and may raise. Raises the problems
    `room_not_found`, `not_room_owner`, `room_closed`, `film_not_found`, `film_unavailable`, `others_not_entitled`, and
    `not_entitled` of the owner, `entitlement_unavailable`.
    """
    row = await owned_room(db, owner.id, code)
    check_open(row)
    if entitlement is not None:
        await _check_everybody(db, row, film_id, owner, entitlement)
    wanted: dict[str, Any] = {"film_id": film_id, "settings": {"start": start}}
    if row.starts_at is not None and row.starts_at <= datetime.now(UTC):
        wanted["starts_at"] = None  # that was the moment of the film before
    return await change_room(db, site, owner, locale, code, wanted, check, begun_too=True)


async def _check_everybody(db: Queryable, room: Row, film_id: UUID, owner: User, entitlement: Entitlement) -> None:
    film = await db.first(_FILM, film_id=film_id)
    if film is None:
        raise FILM_NOT_FOUND.problem()
    slots = asyncio.Semaphore(AT_ONCE)

    async def refused(person: Row) -> bool:
        question = Question(person.issuer, person.subject, person.locale, film_id, film.external_id, room.code)
        async with slots:
            try:
                await entitlement.check(question)
            except Problem as problem:
                if problem.code != NOT_ENTITLED.code or person.id == owner.id:
                    raise
                return True
        return False

    people = await db.all(_PEOPLE, room_id=room.id)
    outcomes = await asyncio.gather(*(refused(person) for person in people))
    names = [person.name for person, is_refused in zip(people, outcomes, strict=True) if is_refused]
    if names:
        more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
        raise OTHERS_NOT_ENTITLED.problem(
            f"The cinema does not let {', '.join(names[:NAMED_MOST])}{more} watch this film: choose another one."
        )
