"""Which access tokens count, whatever provider has made them; docs/accounts.md has the rules for its readers.

Few providers follow RFC 9068 to the letter: most leave out its type or its `jti`, and name the client in a claim of
their own. An ID token is signed by the same keys, so what tells the two apart is checked here and never guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from api_service.identity.provider import Provider
from api_service.identity.settings import IdentitySettings
from api_service.identity.tokens import LEEWAY_S, TOKEN_BYTES, InvalidToken, header_of, subject_of, verified
from api_service.recent import Recent

CLIENT_CLAIMS: Final = ("client_id", "azp", "cid")
ACCESS_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})  # RFC 9068, section 2.1
ID_MARKS: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})  # OpenID Connect Core 1.0, 2 and 3.3.2.11
# An answer that says nothing of its expiry, and the refusal of a token.
UNDATED_S: Final = 60.0


class AccessTokens:
    """Checks access tokens: signed ones by the provider's keys, opaque ones by asking it (RFC 7662)."""

    def __init__(self, settings: IdentitySettings, provider: Provider, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._provider = provider
        self._clock = clock
        self._introspected: Recent[Mapping[str, Any]] = Recent(clock)

    async def claims(self, token: str) -> Mapping[str, Any]:
        """Return a token's claims, ``sub`` being the person or program; raises InvalidToken, ProviderUnavailable."""
        if len(token) > TOKEN_BYTES:
            raise InvalidToken("the token is too long")
        header = header_of(token)
        wanted = self._settings.introspection
        if wanted == "always" or (header is None and wanted == "opaque"):
            return await self._introspect(token)
        if header is None:
            raise InvalidToken("the token is no JWT")
        claims = await verified(self._provider, token, issuer=self._settings.issuer, required=("iss", "exp"))
        _check_kind(str(header.get("typ", "")).lower(), claims)
        return _checked(claims, self._settings)

    async def _introspect(self, token: str) -> Mapping[str, Any]:
        answer = self._introspected.get(token)
        if answer is None:
            answer = await self._provider.introspect(token)
            if answer is None:
                raise InvalidToken("the token is no JWT, and the provider has no introspection endpoint")
            expires_s = answer.get("exp") if answer.get("active") is True else None
            until_s = float(expires_s) if isinstance(expires_s, int | float) else self._clock() + UNDATED_S
            self._introspected.put(token, answer, until_s)
        if answer.get("active") is not True:
            raise InvalidToken("the provider does not know it, or not any more")
        expires_s = answer.get("exp")
        if isinstance(expires_s, int | float) and expires_s <= self._clock() - LEEWAY_S:
            raise InvalidToken("the token has expired")
        if answer.get("iss", self._settings.issuer) != self._settings.issuer:
            raise InvalidToken("the token is of another issuer")
        _check_use(answer)
        return _checked(answer, self._settings)


def _check_kind(type_: str, claims: Mapping[str, Any]) -> None:
    """Raise InvalidToken unless a signed token is an access token."""
    if type_ not in {"", "jwt"} | ACCESS_TYPES:
        raise InvalidToken(f"this is not an access token but {type_!r}")
    declared = str(claims.get("typ", "")).lower()  # Keycloak's own: Bearer, ID, Refresh, Offline, Logout
    if declared not in {"", "bearer"} or "events" in claims:
        raise InvalidToken("this is not an access token")
    if type_ in ACCESS_TYPES or declared == "bearer":
        return
    if ID_MARKS & claims.keys():
        raise InvalidToken("this is an ID token")
    # Nothing of the kind stands in an ID token, but for a `jti` in some: those are for the client alone.
    granted = claims.keys() & {"scope", "scp"}
    if not granted and ("jti" not in claims or _audiences(claims) <= {_client(claims)}):
        raise InvalidToken("nothing tells this from an ID token")


def _check_use(answer: Mapping[str, Any]) -> None:
    """Raise InvalidToken unless the provider says by its answer that it was asked about an access token."""
    uses = {str(answer[name]).lower() for name in ("typ", "token_type", "token_use") if name in answer}
    if uses - {"bearer", "access_token"} or not (uses or "scope" in answer):
        raise InvalidToken("this is not an access token")


def _checked(claims: Mapping[str, Any], settings: IdentitySettings) -> Mapping[str, Any]:
    """Return the claims of an access token that is for us; raises InvalidToken."""
    # RFC 7800: it counts only with a proof of possession, which we do not ask for.
    if "cnf" in claims:
        raise InvalidToken("the token is bound to a key; get one that is not")
    client = _client(claims)
    if client is None:
        raise InvalidToken("the token does not name its client")
    if settings.audience not in _audiences(claims) and client not in settings.trusted_clients:
        raise InvalidToken(f"the token is not for {settings.audience}")
    # RFC 7519 lets the subject be away: IdentityServer's tokens of programs have none.
    return {**claims, "sub": subject_of({"sub": client, **claims}, settings.subject_claim)}


def _client(claims: Mapping[str, Any]) -> str | None:
    return next((str(claims[name]) for name in CLIENT_CLAIMS if claims.get(name)), None)


def _audiences(claims: Mapping[str, Any]) -> frozenset[str]:
    found = claims.get("aud")
    if isinstance(found, str):
        return frozenset((found,))
    return frozenset(one for one in found if isinstance(one, str)) if isinstance(found, list) else frozenset()
