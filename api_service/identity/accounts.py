"""Who signed in, as the provider tells it, and the mirror of accounts that the rest of the service works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

LOCALES = ("ru", "en")
NAME_LIMIT = 100
EMAIL_LIMIT = 254  # RFC 5321, section 4.5.3.1, as corrected by erratum 1690


class User(Protocol):
    """A mirrored account; ``email`` is None where the provider gave none that it has verified."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str | None: ...
    @property
    def locale(self) -> str: ...


@dataclass(frozen=True)
class Profile:
    """What the provider says of a person; (issuer, subject) is the only stable name (OIDC Core 1.0, section 5.7)."""

    issuer: str
    subject: str
    name: str
    email: str | None
    locale: str


class Accounts(Protocol):
    """The mirror of the provider's accounts."""

    async def by_id(self, user_id: UUID) -> User | None:
        """Give the account with our key, or None."""

    async def by_subject(self, issuer: str, subject: str) -> User | None:
        """Give the account that the provider calls so, or None."""

    async def upsert(self, profile: Profile) -> User:
        """Create the account, or bring what we know of it up to date."""


def profile_of(issuer: str, claims: Mapping[str, Any]) -> Profile:
    """Make a profile of verified claims (OIDC Core 1.0, section 5.1); ``sub`` must be there, the rest may be missing.

    An address that the provider has not verified is left out: invitations and searches by e-mail go by it.
    """
    subject = str(claims["sub"])
    email = _text(claims.get("email"))
    named = (_text(claims.get(claim)) for claim in ("name", "preferred_username", "given_name"))
    name = next(filter(None, named), None) or (email or "").partition("@")[0] or subject
    language = (_text(claims.get("locale")) or "").replace("_", "-").partition("-")[0].lower()
    verified = claims.get("email_verified") is True and email is not None and len(email) <= EMAIL_LIMIT
    return Profile(
        issuer=issuer,
        subject=subject,
        name=name[:NAME_LIMIT],
        email=email if verified else None,
        locale=language if language in LOCALES else LOCALES[0],
    )


def _text(value: object) -> str | None:
    """Give a claim as one line of text without control characters, or None."""
    if not isinstance(value, str):
        return None
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) or None
