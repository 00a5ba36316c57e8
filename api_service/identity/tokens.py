"""What makes a token of the provider good, and the profile that its claims describe."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import jwt

from api_service.identity.provider import Provider
from api_service.usecases.people import LOCALES, Profile
from shared.texts import name_among, name_of

# Signatures only: with `none` there is nothing to check, and HS256 would take the provider's public key for a secret
# (RFC 8725, section 2.1).
ALGORITHMS: Final = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
LEEWAY_S: Final = 10
TOKEN_BYTES: Final = 16 * 1024
SUBJECT_LIMIT: Final = 255  # OpenID Connect Core 1.0, section 2
EMAIL_LIMIT: Final = 254  # RFC 5321, section 4.5.3.1, as corrected by erratum 1690
URL_LIMIT: Final = 2_000
NAME_CLAIMS: Final = ("name", "preferred_username", "given_name")


class InvalidToken(Exception):
    """Why a token is not accepted."""


async def verify_id_token(
    provider: Provider, token: str, *, issuer: str, client_id: str, nonce: str
) -> Mapping[str, Any]:
    """Return an ID token's claims (OIDC Core 1.0, section 3.1.3.7); raises InvalidToken, ProviderUnavailable."""
    required = ("iss", "sub", "aud", "exp", "iat", "nonce")
    claims = await verified(provider, token, issuer=issuer, audience=client_id, required=required)
    subject_of(claims)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise InvalidToken("the ID token was issued to another client")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise InvalidToken("the ID token answers another sign-in")
    return claims


async def verified(
    provider: Provider, token: str, *, issuer: str, audience: str | None = None, required: tuple[str, ...]
) -> Mapping[str, Any]:
    """Return the claims of a token that the issuer has signed and that has not expired.

    ``required`` must be among them and, with ``audience``, that one meant. Raises InvalidToken, ProviderUnavailable.
    """
    if len(token) > TOKEN_BYTES:
        raise InvalidToken("the token is too long")
    header = header_of(token)
    if header is None:
        raise InvalidToken("the token is no JWT")
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise InvalidToken("the token's algorithm is not accepted")
    try:
        key = await provider.key(header.get("kid"), algorithm)
        if key is None:
            raise InvalidToken("the token is signed with a key that the provider does not know")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": list(required), "strict_aud": False, "verify_aud": audience is not None},
        )
    except jwt.PyJWTError as error:
        raise InvalidToken(f"the token is not valid: {error}") from error
    return claims


def header_of(token: str) -> Mapping[str, Any] | None:
    """Return the header of a signed token, None if it is none: an opaque one."""
    try:
        return jwt.get_unverified_header(token) if token.count(".") == 2 else None
    except jwt.PyJWTError:
        return None


def subject_of(claims: Mapping[str, Any], claim: str = "sub") -> str:
    """Return whom a token speaks of: ``claim`` or, without it, ``sub``; raises InvalidToken."""
    subject = claims.get(claim, claims.get("sub"))
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT or not subject.isprintable():
        raise InvalidToken("the token's subject is not usable")
    return subject


def profile_of(issuer: str, claims: Mapping[str, Any]) -> Profile:
    """Return the profile in verified claims (OIDC Core 1.0, section 5.1), of which only ``sub`` is required.

    An address that the provider has not verified is left out: invitations and searches by e-mail rely on it.
    """
    subject = str(claims["sub"])
    email = _text(claims.get("email"))
    named = next(filter(None, (_name(claims.get(claim)) for claim in NAME_CLAIMS)), None)
    name = named or name_among((email or "").partition("@")[0], subject)
    language = (_text(claims.get("locale")) or "").replace("_", "-").partition("-")[0].lower()
    verified = claims.get("email_verified") is True and email is not None and len(email) <= EMAIL_LIMIT
    picture = _text(claims.get("picture"))
    said = {"name": named, "email": "email" in claims or None, "locale": language in LOCALES or None}
    if picture is not None and picture.startswith(("https://", "http://")) and len(picture) <= URL_LIMIT:
        said["picture_url"] = picture
    return Profile(
        issuer=issuer,
        subject=subject,
        name=name,
        email=email if verified else None,
        locale=language if language in LOCALES else LOCALES[0],
        picture_url=picture if "picture_url" in said else None,
        stated=frozenset(name for name, value in said.items() if value is not None),
        updated_at=moment_of(claims.get("updated_at")),
        issued_at=moment_of(claims.get("iat")),
    )


def moment_of(value: object) -> datetime | None:
    """Return a claim that is a moment (RFC 7519, NumericDate), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _name(value: object) -> str | None:
    return (name_of(value) or None) if isinstance(value, str) else None


def _text(value: object) -> str | None:
    """Return a claim as one line of text without control characters, or None."""
    if not isinstance(value, str):
        return None
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) or None
