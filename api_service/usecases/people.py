"""People: the mirror of the auth service's accounts, kept up to date at each sign-in."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from marshmallow import ValidationError, validate
from sqlalchemy import Text, and_, bindparam, case, func, null, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Queryable, Row, Statement
from api_service.problems import PERSON_NOT_FOUND
from api_service.tables import users

LOCALES = ("ru", "en")
EMAIL_MATCHES = 20
FRESH_S = 5.0
MOST_CACHED = 10_000

_is_email = validate.Email()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as others see them."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class User:
    """A person's own account; ``email`` is None if the auth service sent no usable address."""

    id: UUID
    name: str
    email: str | None
    locale: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the auth service says of an account; (issuer, subject) is its only stable name (OIDC Core 1.0, 5.7)."""

    issuer: str
    subject: str
    name: str
    email: str | None
    locale: str


_columns = (users.c.id, users.c.name, users.c.email, users.c.locale)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody as the cinema's programs see them."""

    id: UUID
    issuer: str
    subject: str
    name: str
    email: str | None
    locale: str
    time_zone: str | None
    picture_url: str | None


_new = insert(users).values({name: bindparam(name) for name in ("id", "issuer", "subject", "name", "email", "locale")})
_fed = users.c.version_at.is_not(None)
_UPSERT = Statement(
    _new.on_conflict_do_update(
        index_elements=[users.c.issuer, users.c.subject],
        set_={
            # What the cinema has fed is not lost to a token that says less: one without a name has the subject for it.
            "name": case((and_(_fed, _new.excluded.name == users.c.subject), users.c.name), else_=_new.excluded.name),
            "email": case((_fed, func.coalesce(_new.excluded.email, users.c.email)), else_=_new.excluded.email),
            "locale": _new.excluded.locale,
            "removed_at": null(),
            "updated_at": func.now(),
        },
    ).returning(*_columns)
)
_stands = users.c.removed_at.is_(None)
_BY_ID = Statement(select(*_columns).where(users.c.id == bindparam("user_id"), _stands))
_BY_SUBJECT = Statement(
    select(*_columns).where(users.c.issuer == bindparam("issuer"), users.c.subject == bindparam("subject"), _stands)
)
_KNOWN = Statement(
    select(*(users.c[name] for name in KnownPerson.__slots__)).where(
        users.c.issuer == bindparam("issuer"), users.c.subject == bindparam("subject"), _stands
    )
)
_BY_EMAIL = Statement(
    select(users.c.id, users.c.name)
    .where(func.lower(users.c.email) == func.lower(bindparam("email", type_=Text)), _stands)
    .order_by(users.c.id)
    .limit(EMAIL_MATCHES)
)


async def upsert_user(db: Queryable, *, issuer: str, subject: str, name: str, email: str | None, locale: str) -> User:
    """Create or update the account and return it.

    An invalid address is left out, so that an invitation never fails on it.
    """
    row = await db.one(
        _UPSERT,
        id=uuid7(),
        issuer=issuer,
        subject=subject,
        name=name.strip() or subject,
        email=_reachable(email),
        locale=locale if locale in LOCALES else LOCALES[0],
    )
    return _user(row)


async def user_by_id(db: Queryable, user_id: UUID) -> User | None:
    """Return the account with this key, or None."""
    row = await db.first(_BY_ID, user_id=user_id)
    return None if row is None else _user(row)


async def user_by_subject(db: Queryable, issuer: str, subject: str) -> User | None:
    """Return the account with the auth service's name for it, or None."""
    row = await db.first(_BY_SUBJECT, issuer=issuer, subject=subject)
    return None if row is None else _user(row)


async def known_person(db: Queryable, issuer: str, subject: str) -> KnownPerson:
    """Return the person whom the auth service calls so; raises the problem `person_not_found`."""
    row = await db.first(_KNOWN, issuer=issuer, subject=subject)
    if row is None:
        raise PERSON_NOT_FOUND.problem("Nobody has this subject: feed the person first, or wait until they sign in.")
    return KnownPerson(*row)


async def people_by_email(db: Queryable, email: str) -> list[Person]:
    """Return the people with this address, ignoring case; at most ``EMAIL_MATCHES``."""
    return [Person(row.id, row.name) for row in await db.all(_BY_EMAIL, email=email.strip())]


class Accounts:
    """The mirror as signing in uses it, with a cache by key.

    Every request of a session looks its account up, so accounts are cached: another process's change is seen up to
    ``FRESH_S`` later.
    """

    def __init__(self, db: Queryable, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._cached: dict[UUID, tuple[float, User]] = {}

    async def by_id(self, user_id: UUID) -> User | None:
        now = self._clock()
        until, cached = self._cached.get(user_id, (0.0, None))
        if cached is not None and now < until:
            return cached
        user = await user_by_id(self._db, user_id)
        if len(self._cached) >= MOST_CACHED:
            self._cached.clear()
        if user is not None:
            self._cached[user_id] = (now + FRESH_S, user)
        return user

    async def by_subject(self, issuer: str, subject: str) -> User | None:
        return await user_by_subject(self._db, issuer, subject)

    async def upsert(self, profile: Profile) -> User:
        user = await upsert_user(
            self._db,
            issuer=profile.issuer,
            subject=profile.subject,
            name=profile.name,
            email=profile.email,
            locale=profile.locale,
        )
        self._cached.pop(user.id, None)
        return user


def _user(row: Row) -> User:
    return User(row.id, row.name, row.email, row.locale)


def _reachable(email: str | None) -> str | None:
    try:
        return None if email is None else _is_email(email)
    except ValidationError:
        return None
