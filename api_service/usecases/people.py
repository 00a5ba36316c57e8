"""People: the mirror of the auth service's accounts, which follows what newer sign-ins and tokens say of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from marshmallow import ValidationError, validate
from sqlalchemy import Boolean, Text, Uuid, bindparam, case, exists, func, not_, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Queryable, Row, Statement
from api_service.problems import PERSON_NOT_FOUND
from api_service.tables import blocks, users
from api_service.usecases import erasures
from shared.events.rooms import DELETED_PERSON
from shared.texts import name_among

LOCALES = ("ru", "en")
EMAIL_MATCHES = 20
# Of addresses that were invited and are no account yet (mail_guests.py): no provider is called so.
MAIL_ISSUER = "mailto:"
# Of guests without an account (room_guests.py), likewise.
GUEST_ISSUER = "guest:"

_is_email = validate.Email()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as others see them."""

    id: UUID
    name: str


DELETED_ID: Final = UUID(DELETED_PERSON)
DELETED_NAMES: Final = {"ru": "Удалённый зритель", "en": "Deleted viewer"}


def person_shown(person_id: UUID, name: str, locale: str) -> Person:
    """Return the person in a row, by the name of a deleted viewer in this language if their account was erased."""
    return Person(person_id, DELETED_NAMES[locale] if person_id == DELETED_ID else name)


@dataclass(frozen=True, slots=True)
class User:
    """A person's own account; ``email`` is None if the auth service sent no usable address."""

    id: UUID
    name: str
    email: str | None
    locale: str


@dataclass(frozen=True, slots=True)
class Guest(User):
    """Somebody without an account, in one room (room_guests.py)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the auth service says of an account; (issuer, subject) is its only stable name (OIDC Core 1.0, 5.7).

    ``stated`` are those of STATEMENTS that it speaks of: the others stay as they are in an account that exists.
    ``updated_at`` is when it says to have changed them, ``issued_at`` when it said so.
    """

    issuer: str
    subject: str
    name: str
    email: str | None
    locale: str
    picture_url: str | None = None
    stated: frozenset[str] = frozenset(("name", "email", "locale"))
    updated_at: datetime | None = None
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as signing in sees it: the person, and what decides whether their token still counts.

    ``stated_locale`` is what the auth service has said, whatever the person chose here.
    """

    user: User
    stated_locale: str
    picture_url: str | None
    blocked: bool
    signed_out_at: datetime | None

    def lacks(self, profile: Profile) -> bool:
        """Return whether a profile says anything of the account that is not so here."""
        known = {"name": self.user.name, "email": self.user.email}
        here = {**known, "locale": self.stated_locale, "picture_url": self.picture_url}
        return any(here[name] != getattr(profile, name) for name in profile.stated)


STATEMENTS = ("name", "email", "locale", "picture_url")
# The language that a person reads: chosen here, else as the auth service says.
LOCALE: Final = func.coalesce(users.c.chosen_locale, users.c.locale).label("locale")
USER_COLUMNS = (users.c.id, users.c.name, users.c.email, LOCALE)


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


_COPIED = ("id", "issuer", "subject", *STATEMENTS)
_VERSIONS = ("profile_updated_at", "profile_issued_at")
_new = insert(users).values({name: bindparam(name, type_=users.c[name].type) for name in (*_COPIED, *_VERSIONS)})
_fed = users.c.version_at.is_not(None)
_updated_at, _issued_at = _new.excluded.profile_updated_at, _new.excluded.profile_issued_at
# By what the auth service says of its changes or, where it does not, by when it said it. What the cinema has fed is
# just such a version.
_here = func.greatest(users.c.profile_updated_at, users.c.version_at)
_newer = case(
    (_updated_at.is_not(None) & _here.is_not(None), _updated_at > _here),
    else_=_issued_at >= func.coalesce(func.greatest(users.c.profile_issued_at, users.c.version_at), _issued_at),
)


def _followed(name: str) -> Any:
    """Return what becomes of a column: an older profile only fills what is empty."""
    old = users.c[name]
    new: Any = _new.excluded[name]
    if name == "email":  # what the cinema has fed is not lost to a token that says less
        new = case((_fed, func.coalesce(new, old)), else_=new)
    stated = bindparam(f"{name}_stated", type_=Boolean)
    return case((stated & _newer, new), (stated, func.coalesce(old, new)), else_=old)


_FOLLOW = Statement(
    _new.on_conflict_do_update(
        index_elements=[users.c.issuer, users.c.subject],
        set_={
            **{name: _followed(name) for name in STATEMENTS},
            **{name: func.greatest(users.c[name], _new.excluded[name]) for name in _VERSIONS},
            "removed_at": null(),
            "updated_at": func.now(),
        },
    ).returning(*USER_COLUMNS)
)
_stands = users.c.removed_at.is_(None)
_BY_ID = Statement(select(*USER_COLUMNS).where(users.c.id == bindparam("user_id"), _stands))
_BY_SUBJECT = Statement(
    select(
        *USER_COLUMNS,
        users.c.locale.label("stated_locale"),
        users.c.picture_url,
        users.c.blocked_at,
        users.c.signed_out_at,
    ).where(users.c.issuer == bindparam("issuer"), users.c.subject == bindparam("subject"), _stands)
)
_KNOWN = Statement(
    select(*(users.c[name] for name in KnownPerson.__slots__)).where(
        users.c.issuer == bindparam("issuer"), users.c.subject == bindparam("subject"), _stands
    )
)
_CHOOSE_LOCALE = Statement(
    update(users)
    .values(chosen_locale=bindparam("locale", type_=Text))
    .where(
        users.c.id == bindparam("user_id", type_=Uuid),
        or_(not_(bindparam("unless_chosen", type_=Boolean)), users.c.chosen_locale.is_(None)),
    )
)
_HIDE_LIST = Statement(
    update(users)
    .values(list_hidden=bindparam("hidden", type_=Boolean))
    .where(users.c.id == bindparam("user_id", type_=Uuid))
)
_HIDES_LIST = Statement(select(users.c.list_hidden).where(users.c.id == bindparam("user_id", type_=Uuid)))
_BY_EMAIL = Statement(
    select(users.c.id, users.c.name)
    .where(
        func.lower(users.c.email) == func.lower(bindparam("email", type_=Text)),
        _stands,
        users.c.issuer != MAIL_ISSUER,
        ~exists().where(blocks.c.user_id == users.c.id, blocks.c.blocked_id == bindparam("searcher", type_=Uuid)),
    )
    .order_by(users.c.id)
    .limit(EMAIL_MATCHES)
)


class AccountErased(Exception):
    """The account was erased after the profile was issued: only a later one makes a new account."""


async def upsert_user(db: Database, *, issuer: str, subject: str, name: str, email: str | None, locale: str) -> User:
    """Create or update the account and return it.

    An invalid address is left out, so that an invitation never fails on it.
    """
    known = locale if locale in LOCALES else LOCALES[0]
    profile = Profile(issuer, subject, name_among(name, subject), email, known, issued_at=datetime.now(UTC))
    return await follow(db, profile)


async def follow(db: Database, profile: Profile) -> User:
    """Create the account or bring it up to date with a profile that is newer, and return it; raises AccountErased."""
    new_id = uuid7()
    async with db.transaction() as transaction:
        row = await transaction.one(
            _FOLLOW,
            id=new_id,
            issuer=profile.issuer,
            subject=profile.subject,
            name=profile.name,
            email=_reachable(profile.email),
            locale=profile.locale,
            picture_url=profile.picture_url,
            profile_updated_at=profile.updated_at,
            profile_issued_at=profile.issued_at or datetime.now(UTC),
            **{f"{name}_stated": name in profile.stated for name in STATEMENTS},
        )
        # Asked afterwards: writing waits for an erasure that is under way, and only a later statement sees its note.
        if row.id == new_id and await _is_erased_since(transaction, profile):
            raise AccountErased
    return user_of(row)


async def _is_erased_since(db: Queryable, profile: Profile) -> bool:
    erased_at = await erasures.erased_at(db, profile.issuer, profile.subject)
    return erased_at is not None and (profile.issued_at is None or profile.issued_at <= erased_at)


async def user_by_id(db: Queryable, user_id: UUID) -> User | None:
    """Return the account with this key, or None."""
    row = await db.first(_BY_ID, user_id=user_id)
    return None if row is None else user_of(row)


async def user_by_subject(db: Queryable, issuer: str, subject: str) -> User | None:
    """Return the account with the auth service's name for it, or None."""
    row = await db.first(_BY_SUBJECT, issuer=issuer, subject=subject)
    return None if row is None else user_of(row)


async def account(db: Queryable, issuer: str, subject: str) -> Account | None:
    """Return the account with the auth service's name for it, or None."""
    row = await db.first(_BY_SUBJECT, issuer=issuer, subject=subject)
    if row is None:
        return None
    return Account(user_of(row), row.stated_locale, row.picture_url, row.blocked_at is not None, row.signed_out_at)


async def known_person(db: Queryable, issuer: str, subject: str) -> KnownPerson:
    """Return the person whom the auth service calls so; raises the problem `person_not_found`."""
    row = await db.first(_KNOWN, issuer=issuer, subject=subject)
    if row is None:
        raise PERSON_NOT_FOUND.problem("Nobody has this subject: feed the person first, or wait until they sign in.")
    return KnownPerson(*row)


async def people_by_email(db: Queryable, searcher: UUID, email: str) -> list[Person]:
    """Return the people with this address, ignoring case, who have not blocked the searcher; some EMAIL_MATCHES."""
    found = await db.all(_BY_EMAIL, email=email.strip(), searcher=searcher)
    return [Person(row.id, row.name) for row in found]


async def choose_locale(db: Queryable, user_id: UUID, locale: str, *, unless_chosen: bool = False) -> None:
    """Have a person's pages and mails in a language of LOCALES; ``unless_chosen`` leaves an earlier choice."""
    await db.run(_CHOOSE_LOCALE, user_id=user_id, locale=locale, unless_chosen=unless_chosen)


async def hide_list(db: Queryable, user_id: UUID, *, hidden: bool) -> None:
    """Hide a person's list of films from their friends, or show it again."""
    await db.run(_HIDE_LIST, user_id=user_id, hidden=hidden)


async def hides_list(db: Queryable, user_id: UUID) -> bool:
    """Return whether a person's list of films is hidden from their friends."""
    return bool((await db.one(_HIDES_LIST, user_id=user_id)).list_hidden)


def user_of(row: Row) -> User:
    """Return the account in a row with USER_COLUMNS."""
    return User(row.id, row.name, row.email, row.locale)


def _reachable(email: str | None) -> str | None:
    try:
        return None if email is None else _is_email(email)
    except ValidationError:
        return None
