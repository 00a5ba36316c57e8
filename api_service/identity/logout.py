"""Back-channel logout: the provider tells that somebody has signed out (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api_service.identity.provider import Provider
from api_service.identity.settings import IdentitySettings
from api_service.identity.tokens import LEEWAY_S, InvalidToken, header_of, subject_of, verified

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
TYPES: Final = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})
# A token that took longer is taken for a replayed one; ids of tokens are kept for far longer.
OLDEST_S: Final = 600.0
SID_LIMIT: Final = 255


@dataclass(frozen=True, slots=True)
class Logout:
    """What has ended: the provider's session ``sid``, all sessions of ``subject``, or that session of theirs."""

    id: str
    subject: str | None
    sid: str | None


async def verify_logout_token(provider: Provider, token: str, settings: IdentitySettings) -> Logout:
    """Return what a logout token says (section 2.6); raises InvalidToken, ProviderUnavailable.

    Whether it was received before is for the caller to find out, by its ``id``.
    """
    required = ("iss", "aud", "iat", "exp", "jti", "events")
    claims = await verified(provider, token, issuer=settings.issuer, audience=settings.client_id, required=required)
    header = header_of(token) or {}
    if str(header.get("typ", "")).lower() not in TYPES:
        raise InvalidToken("this is not a logout token")
    events = claims["events"]
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise InvalidToken("the token does not tell of a logout")
    # Section 2.4: so that it is never taken for an ID token, nor one of those for it.
    if "nonce" in claims:
        raise InvalidToken("a logout token has no nonce")
    if claims["iat"] < time.time() - OLDEST_S - LEEWAY_S:
        raise InvalidToken("the token is too old")
    sid = _sid(claims)
    if sid is None and "sub" not in claims:
        raise InvalidToken("the token names neither a person nor a session")
    subject = subject_of(claims) if "sub" in claims else None
    return Logout(f"logout:{settings.issuer}:{str(claims['jti'])[:SID_LIMIT]}", subject, sid)


def _sid(claims: Mapping[str, Any]) -> str | None:
    if "sid" not in claims:
        return None
    sid = claims["sid"]
    if not isinstance(sid, str) or not 0 < len(sid) <= SID_LIMIT or not sid.isprintable():
        raise InvalidToken("the token's session is not usable")
    return sid
