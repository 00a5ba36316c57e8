"""What makes a token of the provider good: ID tokens at sign-in, access tokens on the API."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

import jwt

from api_service.identity.provider import Provider

# Signatures only: with `none` there is nothing to check, and HS256 would take the provider's public key for a secret
# (RFC 8725, section 2.1).
ALGORITHMS: Final = ("ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
LEEWAY_S: Final = 10
TOKEN_BYTES: Final = 16 * 1024
SUBJECT_LIMIT: Final = 255  # OpenID Connect Core 1.0, section 2


class InvalidToken(Exception):
    """Why a token is not accepted."""


async def verify_id_token(
    provider: Provider, token: str, *, issuer: str, client_id: str, nonce: str
) -> Mapping[str, Any]:
    """Give an ID token's claims (OIDC Core 1.0, section 3.1.3.7); raises InvalidToken, ProviderUnavailable."""
    _, claims = await _verify(provider, token, issuer, client_id, ("iss", "sub", "aud", "exp", "iat", "nonce"))
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise InvalidToken("the ID token was issued to another client")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise InvalidToken("the ID token answers another sign-in")
    return claims


async def verify_access_token(provider: Provider, token: str, *, issuer: str, audience: str) -> Mapping[str, Any]:
    """Give a JWT access token's claims (RFC 9068, section 4); raises InvalidToken, ProviderUnavailable."""
    required = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id")
    header, claims = await _verify(provider, token, issuer, audience, required)
    # An ID token is signed by the same keys; its type tells it apart even if its audience does not.
    if str(header.get("typ", "")).lower() not in {"at+jwt", "application/at+jwt"}:
        raise InvalidToken("this is not an access token")
    return claims


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
