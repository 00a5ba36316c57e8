"""A film server with the faults that film servers have, and the pages of a cinema that embeds the player."""

from __future__ import annotations

import asyncio
import base64
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from uuid_utils import uuid7

from deploy.local.free_ports import free_port
from tests.support.media import live
from tests.support.media.kinds import KEY, KINDS, ROOT
from tests.support.sync_fixtures import Cinema, SyncNode

EXAMPLES: Final = ROOT / "docs" / "examples" / "players"
PAGES: Final = Path(__file__).parent / "pages"
FOLDERS: Final = {
    "/static/vendor": ROOT / "build" / "assets",
    "/static": ROOT / "api_service" / "static",
    "/npm": ROOT / "node_modules",
}
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".vtt": "text/vtt",
    ".html": "text/html",
}
_CHUNK: Final = 16 * 1024
# Where a playlist names a file.
_NAMES: Final = {".m3u8": r"(?m)^([^#\s].*)$", ".mpd": r'((?:media|initialization)="[^"]+)'}


@dataclass
class Faults:
    """What is wrong with a film's files; a test sets it, and may mend it later."""

    # By a pattern of the file's name: the status that is answered instead of the file.
    broken: dict[str, int] = field(default_factory=dict)
    bytes_per_s: int | None = None
    forgets_range: bool = False
    first_byte_after_s: float = 0.0
    # Only addresses with ``?token=`` one of these are answered, all others with the status; the last is handed out.
    tokens: tuple[str, ...] = ()
    refusal: int = 403
    # A live stream without the dates that tell its time.
    undated: bool = False

    def status_of(self, file: str, query: Mapping[str, str]) -> int | None:
        """Return the status that is answered instead of a file, or None if the file is served."""
        if self.tokens and query.get("token") not in self.tokens:
            return self.refusal
        return next((status for pattern, status in self.broken.items() if re.search(pattern, file)), None)


class MediaSite:
    """A cinema's pages and its films; ``faults`` by the address's first part: /films/FAULTY/KIND/FILE."""

    def __init__(self, cinema: Cinema) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.node: SyncNode
        self.rooms: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, Faults] = {}
        self.asked: list[str] = []
        self.join_after_s = 0.0
        self._cinema = cinema
        self._live: dict[str, float] = {}

    def open_room(self, duration_ms: int | None) -> str:
        """Open a room for a film of this length, as the catalogue has it, and return its id."""
        film = {"id": str(uuid.uuid4()), "title": "Film", "duration_ms": duration_ms}
        room = self._cinema.room(id=str(uuid7()), film=film)  # the id tells when it was opened
        self.rooms[room["id"]] = room
        return str(room["id"])

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/films/{faults}/{kind}/address", self._address)
        app.router.add_get("/films/{faults}/{kind}/{file:.+}", self._film)
        app.router.add_get("/pages/{page}", self._page)
        app.router.add_get("/examples/{page}", self._example)
        app.router.add_post("/license", self._license)
        app.router.add_post("/rooms/{room}/join", self._join)
        for path in FOLDERS:
            app.router.add_get(f"{path}/{{file:.+}}", self._file)
        return app

    async def _join(self, request: web.Request) -> web.Response:
        room = self.rooms[request.match_info["room"]]
        await asyncio.sleep(self.join_after_s)
        ticket = self._cinema.ticket(room, request.query.get("person") or None, request.query.get("name", "Anna"))
        return web.json_response({"ticket": ticket, "socket_url": self.node.url(room["partition"])})

    async def _page(self, request: web.Request) -> web.Response:
        html = (PAGES / request.match_info["page"]).read_text()
        for key, value in request.query.items():
            html = html.replace(f"{{{{{key}}}}}", value)
        return web.Response(text=re.sub(r"\{\{\w+\}\}", "", html), content_type="text/html")

    async def _license(self, request: web.Request) -> web.Response:
        """Answer with the key that a player asks for (Encrypted Media Extensions, 9.1.4)."""
        [kid] = (await request.json())["kids"]
        secret = base64.urlsafe_b64encode(bytes.fromhex(KEY)).decode().rstrip("=")
        return web.json_response({"keys": [{"kty": "oct", "k": secret, "kid": kid}], "type": "temporary"})

    async def _example(self, request: web.Request) -> web.Response:
        """Show a page of docs/examples/players with a room and a film of ours instead of those it names."""
        html = (EXAMPLES / request.match_info["page"]).read_text()
        html = html.replace("/api/v1/rooms/CODE/join", request.query["join"])
        html = re.sub(r"/films/tide-keeper\.\w+", request.query["source"], html)
        return web.Response(text=html, content_type="text/html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        folder = next(folder for path, folder in FOLDERS.items() if request.path.startswith(f"{path}/"))
        return _whole(folder / request.match_info["file"])

    # -- films --------------------------------------------------------------------------------------------------------

    async def _address(self, request: web.Request) -> web.Response:
        """Tell the address of a film that is valid now."""
        kind, faults = KINDS[request.match_info["kind"]], self.faults[request.match_info["faults"]]
        path = request.path.removesuffix("address")
        return web.json_response({"url": f"{self.url}{path}{kind.entry}?token={faults.tokens[-1]}"})

    async def _film(self, request: web.Request) -> web.StreamResponse:
        faults = self.faults.get(request.match_info["faults"], Faults())
        kind, file = KINDS[request.match_info["kind"]], request.match_info["file"]
        self.asked.append(request.path_qs)
        if status := faults.status_of(file, request.query):
            return web.Response(status=status)
        await asyncio.sleep(faults.first_byte_after_s)
        folder = await asyncio.to_thread(kind.folder)
        if kind.live and file.endswith(".m3u8"):
            began_s = self._live.setdefault(request.match_info["faults"], time.time())
            shown = live.playlist(kind.live, (folder / file).read_text(), began_s, time.time())
            if faults.undated:
                shown = re.sub(r"#EXT-X-PROGRAM-DATE-TIME:.*\n", "", shown)
            return web.Response(text=shown, content_type=_TYPES[".m3u8"], headers={"Cache-Control": "no-store"})
        if kind.live and file.endswith(".mpd"):
            began_s = self._live.setdefault(request.match_info["faults"], time.time())
            shown = live.manifest((folder / file).read_text(), began_s)
            return web.Response(text=shown, content_type=_TYPES[".mpd"], headers={"Cache-Control": "no-store"})
        if kind.live == "parts" and (joined := live.joined_parts(folder, file)):
            return web.Response(body=joined, content_type="video/iso.segment")
        if faults.tokens and (pattern := _NAMES.get(Path(file).suffix)):
            # Signed playlists name signed segments.
            signed = re.sub(pattern, rf"\1?token={request.query['token']}", (folder / file).read_text())
            return web.Response(text=signed, content_type=_TYPES[Path(file).suffix])
        if faults.forgets_range or faults.bytes_per_s:
            return await _dripping(request, folder / file, faults)
        return _whole(folder / file)


def _whole(file: Path) -> web.StreamResponse:
    if not file.is_file():
        return web.Response(status=404)
    answer = web.FileResponse(file, headers={"Cache-Control": "no-store"})
    answer.content_type = _TYPES.get(file.suffix, "application/octet-stream")
    return answer


async def _dripping(request: web.Request, file: Path, faults: Faults) -> web.StreamResponse:
    """Send a file slowly, or the whole of it whatever part was asked for."""
    data = await asyncio.to_thread(file.read_bytes)
    asked = None if faults.forgets_range else request.http_range
    start, stop = (asked.start or 0, asked.stop or len(data)) if asked and asked.start is not None else (0, len(data))
    ranged = asked is not None and "Range" in request.headers
    answer = web.StreamResponse(status=206 if ranged else 200)
    answer.content_type = _TYPES.get(file.suffix, "application/octet-stream")
    answer.content_length = stop - start
    if ranged:
        answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    await answer.prepare(request)
    for at in range(start, stop, _CHUNK):
        await answer.write(data[at : min(at + _CHUNK, stop)])
        if faults.bytes_per_s:
            await asyncio.sleep(_CHUNK / faults.bytes_per_s)
    return answer


@asynccontextmanager
async def media_site(cinema: Cinema, start_node: Callable[[str], SyncNode]) -> AsyncIterator[MediaSite]:
    """Serve a cinema whose rooms a sync process serves that lets its origin in."""
    site = MediaSite(cinema)
    runner = web.AppRunner(site.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "localhost", site.port).start()
    try:
        site.node = await asyncio.to_thread(start_node, site.url)
        yield site
    finally:
        await runner.cleanup()
