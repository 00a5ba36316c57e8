"""The identity provider over HTTP: metadata, signing keys, token and userinfo endpoints."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import jwt
import structlog
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    encode_basic_auth,
    hdrs,
)
from yarl import URL

from api_service.identity.settings import IdentitySettings

log = structlog.get_logger(__name__)

FRESH_S: Final = 3600.0  # how long metadata and keys are used without fetching them again
REFETCH_S: Final = 10.0  # an unknown key id fetches the keys again no more often than this
RETRY_S: Final = 1.0  # how long a failure is the answer when there is no earlier value
DEADLINE_S: Final = 5.0
INTROSPECTIONS_AT_ONCE: Final = 16
ANSWER_BYTES: Final = 256 * 1024

T = TypeVar("T")


class ProviderUnavailable(Exception):
    """The provider did not answer, or its answer breaks OpenID Connect."""


class Refused(Exception):
    """The provider answered with an OAuth error (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error


@dataclass(frozen=True)
class Metadata:
    """What we use of OpenID Connect Discovery 1.0, section 3, with each address as its caller reaches it."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    introspection_endpoint: str | None
    names_itself_in_answers: bool


class Cached(Generic[T]):
    """A fetched value: concurrent callers share one fetch; a stale one is used while the source is down."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._fetched_at = float("-inf")
        self._failed_at = float("-inf")
        self._failure: ProviderUnavailable | None = None

    async def get(self, *, newer_than_s: float = FRESH_S) -> T:
        """Return the value, fetched again if older than ``newer_than_s``; raises ProviderUnavailable without any."""
        if self._value is not None and self._age_s() < newer_than_s:
            return self._value
        async with self._lock:
            if self._value is not None and self._age_s() < newer_than_s:
                return self._value
            wait_s = RETRY_S if self._value is None else REFETCH_S
            if self._failure is not None and self._clock() - self._failed_at < wait_s:
                return self._stale_or_raise(self._failure)
            try:
                self._value = await self._fetch()
            except ProviderUnavailable as failure:
                self._failure, self._failed_at = failure, self._clock()
                log.warning("identity provider unavailable", error=str(failure))
                return self._stale_or_raise(failure)
            self._fetched_at, self._failure = self._clock(), None
            return self._value

    def _age_s(self) -> float:
        return self._clock() - self._fetched_at

    def _stale_or_raise(self, failure: ProviderUnavailable) -> T:
        if self._value is None:
            raise failure
        return self._value


class Provider:
    """One issuer over HTTP, between ``start`` and ``close``.

    Nothing is fetched before it is needed, so this process starts while the issuer is down.
    """

    def __init__(self, settings: IdentitySettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._http: ClientSession | None = None
        self._metadata = Cached(self._fetch_metadata, clock)
        self._keys = Cached(self._fetch_keys, clock)
        # Whoever invents tokens must not make us flood the provider.
        self._introspecting = asyncio.Semaphore(INTROSPECTIONS_AT_ONCE)

    async def start(self) -> None:
        """Open the HTTP session."""
        # No connection is reused: a code is redeemed by a POST, which is not repeated if the connection has died.
        self._http = ClientSession(connector=TCPConnector(force_close=True), cookie_jar=DummyCookieJar())

    async def close(self) -> None:
        """Close the HTTP session."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def metadata(self) -> Metadata:
        """Return the provider's endpoints; raises ProviderUnavailable."""
        return await self._metadata.get()

    async def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """Return the key ``kid`` for ``algorithm``, or None; raises ProviderUnavailable.

        An unknown key id fetches the keys again, because keys rotate, but at most once in ``REFETCH_S``: callers with
        invented key ids must not make us flood the provider.
        """
        found = _select(await self._keys.get(), kid, algorithm)
        if found is not None:
            return found
        return _select(await self._keys.get(newer_than_s=REFETCH_S), kid, algorithm)

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """Exchange an authorization code (RFC 6749, section 4.1.3; RFC 7636); raises Refused, ProviderUnavailable."""
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        status, answer = await self._ask("POST", metadata.token_endpoint, data=form, headers=self._credentials())
        if status in {400, 401}:
            raise Refused(str(answer.get("error", "unknown")), str(answer.get("error_description", "")))
        if status != 200:
            raise ProviderUnavailable(f"{metadata.token_endpoint} answered {status}")
        return answer

    async def introspect(self, token: str) -> Mapping[str, Any] | None:
        """Return what the provider says of a token (RFC 7662, section 2.2); raises ProviderUnavailable.

        None if it has no endpoint for that.
        """
        endpoint = (await self.metadata()).introspection_endpoint
        if endpoint is None:
            return None
        form = {"token": token, "token_type_hint": "access_token"}
        async with self._introspecting:
            status, answer = await self._ask("POST", endpoint, data=form, headers=self._credentials())
        if status != 200:
            raise ProviderUnavailable(f"{endpoint} answered {status} (OIDC_CLIENT_ID, OIDC_CLIENT_SECRET?)")
        return answer

    def _credentials(self) -> dict[str, str]:
        # RFC 6749, section 2.3.1: both parts are form-encoded before they become Basic credentials.
        login, password = (quote(part, safe="") for part in (self._settings.client_id, self._settings.client_secret))
        return {str(hdrs.AUTHORIZATION): encode_basic_auth(login, password)}

    async def userinfo(self, access_token: str) -> Mapping[str, Any]:
        """Fetch the claims behind an access token (OIDC Core 1.0, section 5.3); raises Refused, ProviderUnavailable."""
        metadata = await self.metadata()
        if metadata.userinfo_endpoint is None:
            raise Refused("no_userinfo_endpoint", "the provider has none")
        headers = {str(hdrs.AUTHORIZATION): f"Bearer {access_token}"}
        status, answer = await self._ask("GET", metadata.userinfo_endpoint, headers=headers)
        if status in {400, 401, 403}:
            raise Refused(str(answer.get("error", "unknown")), str(answer.get("error_description", "")))
        if status != 200:
            raise ProviderUnavailable(f"{metadata.userinfo_endpoint} answered {status}")
        return answer

    async def _fetch_metadata(self) -> Metadata:
        address = f"{self._settings.backchannel_url}/.well-known/openid-configuration"
        found = await self._fetch_document(address)
        # OpenID Connect Discovery 1.0, section 4.3: the issuer must be exactly the configured one.
        if found.get("issuer") != self._settings.issuer:
            raise ProviderUnavailable(f"{address} speaks for {found.get('issuer')!r}, not for OIDC_ISSUER")
        return Metadata(
            authorization_endpoint=self._front(_required(found, "authorization_endpoint")),
            token_endpoint=self._back(_required(found, "token_endpoint")),
            jwks_uri=self._back(_required(found, "jwks_uri")),
            userinfo_endpoint=_optional(found, "userinfo_endpoint", self._back),
            end_session_endpoint=_optional(found, "end_session_endpoint", self._front),
            introspection_endpoint=_optional(found, "introspection_endpoint", self._back),
            names_itself_in_answers=found.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _fetch_keys(self) -> tuple[Mapping[str, Any], ...]:
        address = (await self.metadata()).jwks_uri
        keys = (await self._fetch_document(address)).get("keys")
        if not isinstance(keys, list):
            raise ProviderUnavailable(f"{address} is not a key set")
        return tuple(key for key in keys if isinstance(key, dict))

    async def _fetch_document(self, address: str) -> Mapping[str, Any]:
        status, answer = await self._ask("GET", address)
        if status != 200:
            raise ProviderUnavailable(f"{address} answered {status}")
        return answer

    async def _ask(
        self,
        method: str,
        address: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, Any]]:
        if self._http is None:
            raise ProviderUnavailable("the provider is not started, or closed again")
        try:
            async with self._http.request(
                method,
                address,
                data=data,
                headers={hdrs.ACCEPT: "application/json", **(headers or {})},
                allow_redirects=False,  # a redirect would carry our secret to wherever it points
                timeout=ClientTimeout(total=DEADLINE_S),
            ) as response:
                answer = json.loads(await _read(response))
        except (ClientError, OSError, TimeoutError) as error:
            raise ProviderUnavailable(f"{address} did not answer: {error or type(error).__name__}") from error
        except ValueError as error:
            raise ProviderUnavailable(f"{address} answered {response.status} and no JSON") from error
        if not isinstance(answer, dict):
            raise ProviderUnavailable(f"{address} did not answer with a JSON object")
        return response.status, answer

    # A provider that derives addresses from the name it was reached by answers with either name: each caller gets its
    # own. Endpoints on other hosts stay as they are.
    def _front(self, address: str) -> str:
        return self._at(address, self._settings.issuer)

    def _back(self, address: str) -> str:
        return self._at(address, self._settings.backchannel_url)

    def _at(self, address: str, wanted: str) -> str:
        try:
            url = URL(address)
            own = {URL(self._settings.issuer).origin(), URL(self._settings.backchannel_url).origin()}
            if url.origin() not in own:
                return address
            target = URL(wanted)
            return str(url.with_scheme(target.scheme).with_host(target.host or "").with_port(target.explicit_port))
        except (TypeError, ValueError) as error:
            raise ProviderUnavailable(f"the provider's metadata has {address!r}, which is no address") from error


async def _read(response: ClientResponse) -> bytes:
    raw = b""
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > ANSWER_BYTES:
            raise ProviderUnavailable(f"{response.url} answered more than {ANSWER_BYTES} bytes")
    return raw


def _optional(found: Mapping[str, Any], name: str, as_reached: Callable[[str], str]) -> str | None:
    return as_reached(str(found[name])) if name in found else None


def _required(found: Mapping[str, Any], name: str) -> str:
    if name not in found:
        raise ProviderUnavailable(f"the provider's metadata has no {name}")
    return str(found[name])


def _select(keys: tuple[Mapping[str, Any], ...], kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    """Return the one key that fits: by its id, or without an id the only one (OIDC Core 1.0, section 10.1)."""
    fitting = []
    for key in keys:
        if (kid is not None and key.get("kid") != kid) or key.get("use", "sig") != "sig":
            continue
        if key.get("kty") == "oct" or key.get("alg", algorithm) != algorithm:
            continue
        try:
            fitting.append(jwt.PyJWK(dict(key), algorithm=algorithm))
        except jwt.PyJWTError:
            continue
    return fitting[0] if len(fitting) == 1 else None
