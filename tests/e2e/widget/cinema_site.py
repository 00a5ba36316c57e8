"""A cinema's own site on other origins: the pages of docs/examples/cinema, served with a token for each viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import jwt
from aiohttp import web

from deploy.local.services import AUDIENCE, CLIENT_ID, ROOT
from tests.e2e.site import LocalSite
from tests.support.identity_fixtures import Browser

HOOK_KEY: Final = "whsec_" + "k" * 32
EXAMPLE: Final = ROOT / "docs" / "examples" / "cinema"
_TYPES: Final = {".html": "text/html", ".js": "text/javascript"}


@dataclass(frozen=True)
class _Provider:
    issuer: str
    site: str


class CinemaSite:
    """The cinema's server, by two origins: ``elsewhere`` is another site than ours to browsers, ``beside`` the same."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.elsewhere = f"http://127.0.0.1:{port}"
        self.beside = f"http://localhost:{port}"
        self.page = "<!doctype html><title>A page of the cinema</title>"
        self.refused: dict[str, dict[str, str]] = {}  # why, by language, by the person's ``sub``
        self.answers_who_may_watch = True
        self._together: LocalSite | None = None
        self._tokens: dict[str, str] = {}
        app = web.Application()
        pages = web.get("/{name:[a-z]+.(html|js)}", self._file)
        hook = web.post("/may-watch", self._may_watch)
        app.add_routes([web.get("/token", self._token), web.get("/page", self._page), hook, pages])
        self._runner = web.AppRunner(app)

    async def start(self, together: LocalSite) -> None:
        self._together = together
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _file(self, request: web.Request) -> web.Response:
        assert self._together is not None
        file = EXAMPLE / request.match_info["name"]
        text = file.read_text("utf-8").replace("https://together.example", self._together.url)
        return web.Response(text=text, content_type=_TYPES[file.suffix])

    async def _page(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.page, content_type="text/html")

    async def _may_watch(self, request: web.Request) -> web.Response:
        if not self.answers_who_may_watch:
            return web.Response(status=500)
        reason = self.refused.get((await request.json())["person"]["subject"])
        return web.json_response({"allowed": reason is None, "reason": reason})

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response({"access_token": await self.token(request.cookies["viewer"])})

    async def token(self, sub: str) -> str:
        """Return a viewer's access token from the local identity provider."""
        if sub not in self._tokens:
            self._tokens[sub] = await self._sign_in(sub, "viewer")
        return self._tokens[sub]

    async def account(self, email: str) -> str:
        """Make an account at the local identity provider, of which Movie Together knows nothing, and return its sub."""
        claims = jwt.decode(await self._sign_in(email, "email"), options={"verify_signature": False})
        return str(claims["sub"])

    async def _sign_in(self, who: str, field: str) -> str:
        assert self._together is not None
        provider = _Provider(self._together.issuer, self._together.url)
        browser = Browser(self._together.url)
        try:
            client = (CLIENT_ID, self._together.keys.client_secret)
            found = await browser.tokens(provider, who, client=client, field=field, resource=AUDIENCE)
        finally:
            await browser.close()
        return str(found["access_token"])
