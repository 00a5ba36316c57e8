"""The cinema's own programs: what tells their tokens from people's, and what they may do here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from api_service.identity.settings import IdentitySettings

Scope = Literal["feed", "admin"]


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the cinema's, by its client id, and the scopes of ours that its token grants."""

    client_id: str
    scopes: frozenset[Scope]


def client_of(claims: Mapping[str, Any]) -> str | None:
    """Return the client id if a token of these claims stands for a program, None if it stands for a person.

    RFC 9068, section 5: a token that a client got for itself has the client as its subject. Auth0 writes
    `<client>@clients` and `gty`; Keycloak makes an account of its own for each client and names it by its client.
    """
    client = next((str(claims[name]) for name in ("client_id", "azp", "cid") if claims.get(name)), None)
    if client is None:
        return None
    own_subjects = {client, f"{client}@clients"}
    own_name = f"service-account-{client}".lower()
    by_itself = (
        claims.get("sub") in own_subjects
        or claims.get("gty") == "client-credentials"
        or str(claims.get("preferred_username", "")).lower() == own_name
    )
    return client if by_itself else None


def program_of(claims: Mapping[str, Any], settings: IdentitySettings) -> Program | None:
    """Return the program that verified claims stand for, or None for a person."""
    client_id = client_of(claims)
    if client_id is None:
        return None
    granted = granted_values(claims, settings.program_claim)
    spelled: Mapping[Scope, str] = {"feed": settings.feed_scope, "admin": settings.admin_scope}
    return Program(client_id, frozenset(scope for scope, name in spelled.items() if name in granted))


def granted_values(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Return the values of a claim that is a list or, as `scope` (RFC 8693, section 4.2), a text with spaces.

    A claim within another is named by its path, `realm_access.roles`; one that has dots in its own name comes first.
    """
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for name in claim.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset(found.split())
    return frozenset(filter(_is_text, found)) if isinstance(found, list) else frozenset()


def _is_text(value: object) -> bool:
    return isinstance(value, str)
