"""Whether the cinema lets a person watch a film in a room: the question, and who answers it."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from api_service.database import Queryable, Row, Statement
from api_service.tables import users
from api_service.usecases.people import User


@dataclass(frozen=True, slots=True)
class Question:
    """What the cinema is asked: about this person (``issuer``, ``subject``) and this film, in this room if in any.

    ``external_id`` is the cinema's own id of the film, None of one that it has not fed; ``locale`` is the language in
    which the person reads a refusal.
    """

    issuer: str
    subject: str
    locale: str
    film_id: UUID
    external_id: str | None
    code: str | None


class Entitlement(Protocol):
    """Who decides."""

    async def check(self, question: Question) -> None:
        """Return if the person may watch; raises the problems `not_entitled` and `entitlement_unavailable`."""


_NAME = Statement(select(users.c.issuer, users.c.subject).where(users.c.id == bindparam("user_id", type_=Uuid)))


async def question_of(db: Queryable, room: Row, viewer: User, locale: str) -> Question:
    """Return the question about a viewer and the film of a room's row."""
    return await question_about(db, viewer, locale, room.film_id, room.film_external_id, room.code)


async def question_about(
    db: Queryable, viewer: User, locale: str, film_id: UUID, external_id: str | None, code: str | None
) -> Question:
    """Return the question about a viewer and a film, which they watch in a room or, without ``code``, alone."""
    name = await db.one(_NAME, user_id=viewer.id)
    return Question(name.issuer, name.subject, locale, film_id, external_id, code)
