"""What the tests of signing in drive: the identity provider as a process, a site that signs people in, browsers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from aiohttp import ClientResponse, ClientSession, CookieJar, TCPConnector, encode_basic_auth, web
from yarl import URL

from api_service.app_keys import DATABASE
from api_service.database import Database
from api_service.identity import (
    IdentitySettings,
    Provider,
    cross_site_guard,
    current_user,
    optional_user,
    page_user,
    save_cookies,
    setup_identity,
)
from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram, plain_environment
from shared.service import problem_middleware, running

ROOT: Final = Path(__file__).parents[2]
SERVER: Final = ROOT / "deploy" / "neighbours" / "identity" / "server.mjs"
SESSION_KEY: Final = b"session-key-of-the-tests-32-byte"
AUDIENCE: Final = "urn:movie-together:api"
CLIENT_ID: Final = "movie-together"
CLIENT_SECRET: Final = "secret of the tests: & + %"
SERVICE: Final = ("cinema", "secret of the cinema")
VIEWERS: Final = [
    {"sub": "anna", "name": "Анна Белова", "email": "anna@example.com", "locale": "ru"},
    {"sub": "boris", "name": "Boris O'Neil <b>", "email": "Boris@example.com", "locale": "en"},
]


class ProviderOfSite(Protocol):
    """Where an identity provider is, and the site that signs in there."""

    @property
    def issuer(self) -> str: ...
    @property
    def site(self) -> str: ...


@dataclass
class IdentityProvider:
    """The local identity provider as a process of its own."""

    data: Path
    site_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    program: WebProgram | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.site_port}"

    def environment(self) -> dict[str, str]:
        self.data.mkdir(parents=True, exist_ok=True)
        viewers = self.data / "viewers.json"
        viewers.write_text(json.dumps(VIEWERS), encoding="utf-8")
        return {
            "IDENTITY_ISSUER": self.issuer,
            "IDENTITY_HOST": "127.0.0.1",
            "IDENTITY_PORT": str(self.port),
            "IDENTITY_DATA": str(self.data),
            "IDENTITY_VIEWERS": str(viewers),
            "IDENTITY_AUDIENCE": AUDIENCE,
            "IDENTITY_CLIENT_ID": CLIENT_ID,
            "IDENTITY_CLIENT_SECRET": CLIENT_SECRET,
            "IDENTITY_REDIRECT_URIS": f"{self.site}/auth/callback",
            "IDENTITY_LOGOUT_URIS": f"{self.site}/",
            "IDENTITY_BACKCHANNEL_LOGOUT_URI": f"{self.site}/auth/back-channel-logout",
            "IDENTITY_SERVICE_CLIENT_ID": SERVICE[0],
            "IDENTITY_SERVICE_CLIENT_SECRET": SERVICE[1],
        }

    def start(self) -> None:
        self.program = WebProgram(
            "identity",
            ["node", str(SERVER)],
            ready_url=f"{self.issuer}/readyz",
            log=self.data / "provider.log",
            env=plain_environment(**self.environment()),
        ).start()

    def stop(self) -> None:
        """End the provider, which must do so in order."""
        if self.program is not None and self.program.process is not None:
            process = self.program.process
            self.program.stop()
            assert process.returncode == 0, f"the identity provider ended with code {process.returncode}"
        self.program = None

    def forget_keys(self) -> None:
        """Make the next start sign with a new key."""
        (self.data / "keys.json").unlink()

    def settings(self, **changes: Any) -> IdentitySettings:
        return settings_for(self.site, self.issuer, **changes)


def settings_for(site: str, issuer: str, **changes: Any) -> IdentitySettings:
    """Return settings of a site at ``site`` that trusts ``issuer``."""
    return IdentitySettings(
        **{
            "public_url": site,
            "issuer": issuer,
            "backchannel_url": issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "audience": AUDIENCE,
            "session_key": SESSION_KEY,
            **changes,
        }
    )


async def _who(request: web.Request) -> web.Response:
    user = await current_user(request)
    return web.json_response({"id": str(user.id), "name": user.name, "email": user.email, "locale": user.locale})


async def _page(request: web.Request) -> web.Response:
    user = await page_user(request)
    return web.Response(text=f"{request.path_qs} for {user.name}")


async def _home(request: web.Request) -> web.Response:
    user = await optional_user(request)
    return web.Response(text=f"home of {user.name if user else 'nobody'}")


async def _nothing(_request: web.Request) -> web.Response:
    return web.Response(status=204)


@asynccontextmanager
async def running_site(settings: IdentitySettings, database_url: str) -> AsyncIterator[None]:
    """Serve a small site with sign-in at the settings' PUBLIC_URL, its accounts mirrored in ``database_url``."""
    database = Database(database_url, acquire_deadline_s=60)  # what is tested is not the database: it may be busy
    provider = Provider(settings)
    app = web.Application(middlewares=[save_cookies, problem_middleware, cross_site_guard])
    app[DATABASE] = database
    setup_identity(app, settings, provider)
    app.cleanup_ctx.append(running(provider))
    app.add_routes(
        [
            web.get("/", _home),
            web.get("/favicon.ico", _nothing),
            web.get("/who", _who),
            web.post("/who", _who),
            web.get("/rooms/{code}", _page),
            web.post("/rooms/{code}", _page),
        ]
    )
    await database.start()
    runner = web.AppRunner(app)
    await runner.setup()
    url = URL(settings.public_url)
    await web.TCPSite(runner, "127.0.0.1", url.port).start()
    try:
        yield
    finally:
        await runner.cleanup()
        await database.close()


class Browser:
    """A person's browser: it keeps cookies, follows redirects when asked, and presses buttons of forms."""

    def __init__(self, site: str, language: str = "ru") -> None:
        self.site = site
        self._http = ClientSession(
            connector=TCPConnector(force_close=True),
            cookie_jar=CookieJar(unsafe=True),
            headers={"Accept": "text/html", "Accept-Language": language},
        )

    async def close(self) -> None:
        await self._http.close()

    async def open(self, address: str, *, follow: bool = True, **options: Any) -> ClientResponse:
        """Go to a path of the site or to an address; the body is read."""
        return await self.send("GET", address, follow=follow, **options)

    async def post(self, address: str, *, follow: bool = True, **options: Any) -> ClientResponse:
        return await self.send("POST", address, follow=follow, **options)

    async def send(self, method: str, address: str, *, follow: bool = True, **options: Any) -> ClientResponse:
        url = URL(self.site).join(URL(address, encoded="%" in address))
        response = await self._http.request(method, url, allow_redirects=follow, **options)
        await response.read()
        return response

    async def submit(
        self, page: ClientResponse, *, form: int = 0, follow: bool = True, **fields: str
    ) -> ClientResponse:
        """Send a form of ``page`` with its hidden fields and ``fields``."""
        action, body = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', await page.text(), re.DOTALL)[form]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body))
        target = str(page.url.join(URL(unescape(action))))
        return await self.post(target, follow=follow, data={**hidden, **fields})

    async def sign_in(self, sub: str = "anna", *, at: str = "/") -> ClientResponse:
        """Go to ``at`` by way of signing in as a demo viewer."""
        page = await self.open("/auth/sign-in", params={"next": at})
        return await self.submit(page, viewer=sub)

    async def sign_out(self) -> ClientResponse:
        """Press «sign out» on the site and let the provider's page finish it as its script would."""
        page = await self.post("/auth/sign-out", headers={"Origin": self.site})
        return await self.submit(page, logout="yes")

    async def who(self, token: str | None = None) -> Mapping[str, Any]:
        """Ask the site who we are, by ``token`` if given; the problem document if nobody."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return dict(await (await self.open("/who", headers=headers)).json(content_type=None))

    async def tokens(
        self,
        provider: ProviderOfSite,
        sub: str,
        *,
        verifier: str | None = None,
        client: tuple[str, str] = (CLIENT_ID, CLIENT_SECRET),
        field: str = "viewer",
        **asked: str,
    ) -> Any:
        """Get tokens at the provider as another program of the same client would; ``verifier`` to send a wrong one.

        With the ``field`` email ``sub`` is the address of somebody new.
        """
        secret = secrets.token_urlsafe(48)
        query = {
            "response_type": "code",
            "client_id": client[0],
            "redirect_uri": f"{provider.site}/auth/callback",
            "scope": "openid profile email",
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **asked,
        }
        page = await self.open(str(URL(f"{provider.issuer}/authorize").with_query(query)))
        fields: dict[str, Any] = {field: sub}
        resume = await self.submit(page, follow=False, **fields)
        callback = URL((await self.open(resume.headers["Location"], follow=False)).headers["Location"])
        form = {
            "grant_type": "authorization_code",
            "code": callback.query["code"],
            "redirect_uri": query["redirect_uri"],
            "code_verifier": verifier or secret,
            **({"resource": asked["resource"]} if "resource" in asked else {}),
        }
        return await self.redeem(provider, form, client)

    async def redeem(
        self, provider: ProviderOfSite, form: Mapping[str, str], client: tuple[str, str] = (CLIENT_ID, CLIENT_SECRET)
    ) -> Any:
        """Ask the provider's token endpoint."""
        login, password = (quote(part, safe="") for part in client)
        headers = {"Authorization": encode_basic_auth(login, password), "Accept": "application/json"}
        return await (await self.post(f"{provider.issuer}/token", data=form, headers=headers)).json()

    def cookie(self, name: str) -> str | None:
        morsel = self._http.cookie_jar.filter_cookies(URL(self.site) / "auth/x").get(name)
        return morsel.value if morsel else None

    def set_cookie(self, name: str, value: str) -> None:
        self._http.cookie_jar.update_cookies({name: value}, URL(self.site))

    @staticmethod
    async def raw(site: str, path: str, cookie: str) -> int:
        """Ask with a cookie header exactly as given, which no cookie jar would send; the answer's status."""
        url = URL(site)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode("latin-1"))
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1])
