"""What makes a token of the provider good, and the profile that its claims describe."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

import jwt

from api_service.identity.provider import Provider
from api_service.usecases.people import LOCALES, Profile

# Signatures only: with `none` there is nothing to check, and HS256 would take the provider's public key for a secret
# (RFC 8725, section 2.1).
ALGORITHMS: Final = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
LEEWAY_S: Final = 10
TOKEN_BYTES: Final = 16 * 1024
SUBJECT_LIMIT: Final = 255  # OpenID Connect Core 1.0, section 2
NAME_LIMIT: Final = 100
EMAIL_LIMIT: Final = 254  # RFC 5321, section 4.5.3.1, as corrected by erratum 1690


class InvalidToken(Exception):
    """Why a token is not accepted."""


async def verify_id_token(
    provider: Provider, token: str, *, issuer: str, client_id: str, nonce: str
) -> Mapping[str, Any]:
    """Return an ID token's claims (OIDC Core 1.0, section 3.1.3.7); raises InvalidToken, ProviderUnavailable."""
    _, claims = await _verify(provider, token, issuer, client_id, ("iss", "sub", "aud", "exp", "iat", "nonce"))
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise InvalidToken("the ID token was issued to another client")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise InvalidToken("the ID token answers another sign-in")
    return claims


async def verify_access_token(provider: Provider, token: str, *, issuer: str, audience: str) -> Mapping[str, Any]:
    """Return a JWT access token's claims (RFC 9068, section 4); raises InvalidToken, ProviderUnavailable."""
    required = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id")
    header, claims = await _verify(provider, token, issuer, audience, required)
    # An ID token is signed by the same keys; its type tells it apart even if its audience does not.
    if str(header.get("typ", "")).lower() not in {"at+jwt", "application/at+jwt"}:
        raise InvalidToken("this is not an access token")
    return claims


def profile_of(issuer: str, claims: Mapping[str, Any]) -> Profile:
    """Return the profile in verified claims (OIDC Core 1.0, section 5.1), of which only ``sub`` is required.

    An address that the provider has not verified is left out: invitations and searches by e-mail rely on it.
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


async def _verify(
    provider: Provider, token: str, issuer: str, audience: str, required: tuple[str, ...]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if len(token) > TOKEN_BYTES:
        raise InvalidToken("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise InvalidToken("the token's algorithm is not accepted")
        key = await provider.key(header.get("kid"), algorithm)
        if key is None:
            raise InvalidToken("the token is signed with a key that the provider does not know")
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": list(required), "strict_aud": False},
        )
    except jwt.PyJWTError as error:
        raise InvalidToken(f"the token is not valid: {error}") from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT or not subject.isprintable():
        raise InvalidToken("the token's subject is not usable")
    return header, claims


def _text(value: object) -> str | None:
    """Return a claim as one line of text without control characters, or None."""
    if not isinstance(value, str):
        return None
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) or None
