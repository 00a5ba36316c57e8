"""The widget from one URL on a cinema's own pages: another origin, no copy, no own backend, the cinema's tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, expect

from deploy.local import bootstrap
from deploy.local.free_ports import free_port
from tests.e2e.mails import Inbox
from tests.e2e.site import LocalSite
from tests.e2e.viewer import FILMS, PATIENCE_MS, VIEWERS, Viewer
from tests.e2e.widget.cinema_site import EXAMPLE, HOOK_KEY, CinemaSite
from tests.e2e.widget.crowd import feed

# An HLS stream: hls.js, its playlist and its parts come from the other origin too.
FILM = FILMS["paper-whales"]["id"]
MOST_LINES = 60
# Chromium's words for an answer of 400 and above, which Firefox keeps to itself: those are read off the answers.
REFUSED_IN_CHROMIUM = "Failed to load resource: the server responded with a status of"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def cinema() -> CinemaSite:
    return CinemaSite(free_port())


@pytest.fixture(scope="module")
def together_site(stores_folder: Path, cinema: CinemaSite) -> Iterator[LocalSite]:
    """The product, as it is set up for this cinema."""
    bootstrap.bundle_widget()
    folder = stores_folder / "site-of-a-cinema"
    folder.mkdir(mode=0o711)
    site = LocalSite(
        folder,
        ALLOWED_ORIGINS=cinema.elsewhere,
        FRAME_ANCESTORS=cinema.beside,
        ROOM_URL_TEMPLATE=cinema.elsewhere + "/watch.html?film={film}&together={code}",
        ENTITLEMENT_URL=cinema.elsewhere + "/may-watch",
        ENTITLEMENT_KEY=HOOK_KEY,
    )
    try:
        site.start()
        yield site
    finally:
        print(site.logs())
        site.stop()


class Visitor:
    """Somebody signed in at the cinema, in a browser of their own."""

    def __init__(self, page: Page, sub: str, name: str | None = None) -> None:
        self.page = page
        self.name: str = name or VIEWERS[sub]["name"]
        self.complaints: list[str] = []
        self.refusals: list[int] = []
        self.joins: list[dict[str, str]] = []
        page.on("pageerror", lambda error: self.complaints.append(f"{self.name}: {error}"))
        page.on("console", self._listen)
        page.on("request", self._count)
        page.on("response", self._note_refusal)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED_IN_CHROMIUM):
            self.complaints.append(f"{self.name}: {message.text}")

    def _note_refusal(self, response: Response) -> None:
        if response.status >= 400 and "favicon" not in response.url:
            self.refusals.append(response.status)

    def _count(self, request: Request) -> None:
        if request.url.endswith("/join") and request.method == "POST":
            self.joins.append(request.headers)

    async def wait_room(self, *names: str) -> None:
        """Wait until these people are shown in the room and the film runs."""
        for name in names:
            await expect(self.page.locator("movie-together-people").get_by_text(name, exact=True)).to_be_visible()
        moves = "() => { const v = document.querySelector('video'); return !v.paused && v.currentTime > 0.3; }"
        await self.page.wait_for_function(moves, timeout=PATIENCE_MS)


@pytest.fixture
async def open_cinema(cinema: CinemaSite, together_site: LocalSite) -> AsyncIterator[CinemaSite]:
    await cinema.start(together_site)
    yield cinema
    await cinema.stop()


@pytest.fixture
async def visit(browser: Browser, open_cinema: CinemaSite) -> AsyncIterator[Any]:
    """Open a browser at the cinema for a viewer (``sub``); the test fails on what their page complains of.

    It fails on what the page is refused as well.
    """
    visitors: list[Visitor] = []

    async def make(sub: str, name: str | None = None, **options: Any) -> Visitor:
        context = await browser.new_context(locale="en-GB", **options)
        await context.add_cookies([{"name": "viewer", "value": sub, "url": open_cinema.elsewhere}])
        visitors.append(Visitor(await context.new_page(), sub, name))
        return visitors[-1]

    yield make
    for visitor in visitors:
        print(visitor.page.url, visitor.complaints, visitor.refusals)
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    refusals = [status for visitor in visitors for status in visitor.refusals]
    for visitor in visitors:
        await visitor.page.context.close()
    assert not complaints
    assert not refusals


@pytest.fixture
async def anchored(visit: Any, open_cinema: CinemaSite) -> Visitor:
    """Alisa in a room of hers, on the cinema's page."""
    alisa: Visitor = await visit("alisa")
    await alisa.page.goto(f"{open_cinema.elsewhere}/index.html?film={FILM}")
    await alisa.page.locator("#together").click()
    await alisa.page.wait_for_url("**/watch.html*")
    await alisa.wait_room(alisa.name)
    return alisa


def test_the_example_is_short() -> None:
    assert sum(len(file.read_text("utf-8").splitlines()) for file in EXAMPLE.iterdir()) <= MOST_LINES


async def test_two_viewers_see_each_other_on_the_cinemas_own_page(
    anchored: Visitor, visit: Any, open_cinema: CinemaSite, together_site: LocalSite
) -> None:
    alisa, boris = anchored, await visit("boris")
    link = alisa.page.url
    assert link.startswith(open_cinema.elsewhere)

    # Boris wants the film too: he was invited, and the mail leads to the cinema's page.
    code = link.rpartition("=")[2]
    [mail] = await Inbox(together_site.inbox_url).wait_mails(VIEWERS["boris"]["email"], code)
    assert {found for found in mail["links"] if code in found} == {link}

    await boris.page.goto(link)
    await boris.wait_room(alisa.name, boris.name)
    await alisa.wait_room(alisa.name, boris.name)
    await boris.page.locator("movie-together-chat textarea").fill("Hello from the cinema")
    await boris.page.keyboard.press("Enter")
    await expect(alisa.page.locator("movie-together-chat").get_by_text("Hello from the cinema")).to_be_visible()

    await alisa.page.evaluate("document.querySelector('movie-together').pause()")
    await boris.page.wait_for_function("document.querySelector('video').paused", timeout=PATIENCE_MS)
    for visitor in (alisa, boris):
        [sent] = visitor.joins  # one entry for all that the page has set
        assert sent["authorization"].startswith("Bearer ")
        assert "cookie" not in sent


async def test_a_viewer_and_a_friend_who_never_signed_in_meet_over_a_film_that_the_cinema_has_fed(
    visit: Any, open_cinema: CinemaSite, together_site: LocalSite
) -> None:
    nora_id, oleg_id = [await open_cinema.account(f"{name}@cinema.example") for name in ("nora", "oleg")]
    film = {
        "external_id": "tt-4711",
        "titles": {"en": "The cinema's own"},
        "duration_ms": FILMS["tide-keeper"]["duration_ms"],
        "sources": [{"kind": "file", "url": f"{together_site.url}/demo/media/tide-keeper.mp4"}],
    }
    people = [
        {"subject": nora_id, "name": "Nora", "email": "nora@cinema.example", "locale": "en"},
        {"subject": oleg_id, "name": "Oleg", "email": "oleg@cinema.example", "locale": "en"},
    ]
    assert await feed(together_site, "films", film) == ["created"]
    assert await feed(together_site, "people", *people) == ["created"] * 2
    assert await feed(together_site, "friendships", {"subject": nora_id, "friend": oleg_id}) == ["created"]
    assert await feed(together_site, "wishes", {"subject": oleg_id, "film": "tt-4711"}) == ["created"]
    accounts = "SELECT id::text, subject FROM users WHERE subject IN (%s, %s) ORDER BY subject"
    fed = await asyncio.to_thread(together_site.rows, accounts, nora_id, oleg_id)
    [found] = await asyncio.to_thread(together_site.rows, "SELECT id FROM films WHERE external_id = %s", "tt-4711")

    nora = await visit(nora_id, "Nora")
    await nora.page.goto(f"{open_cinema.elsewhere}/index.html?film={found['id']}")
    await expect(nora.page.locator("#friends")).to_have_text("Oleg")
    await nora.page.locator("#together").click()
    await nora.page.wait_for_url("**/watch.html*")
    await nora.wait_room("Nora")

    [mail] = await Inbox(together_site.inbox_url).wait_mails("oleg@cinema.example", nora.page.url.rpartition("=")[2])
    [link] = {link for link in mail["links"] if link.startswith(open_cinema.elsewhere)}
    assert link == nora.page.url
    oleg = await visit(oleg_id, "Oleg")
    await oleg.page.goto(link)
    for visitor in (nora, oleg):
        await visitor.wait_room("Nora", "Oleg")
    assert await asyncio.to_thread(together_site.rows, accounts, nora_id, oleg_id) == fed, (
        "they are whom the cinema fed"
    )


async def test_nothing_is_asked_before_there_is_a_token_and_a_refused_one_is_asked_for_anew(
    anchored: Visitor, visit: Any, open_cinema: CinemaSite, together_site: LocalSite
) -> None:
    code = anchored.page.url.rpartition("=")[2]
    farid = await visit("farid")
    script = f"{together_site.url}/widget/v1/movie-together.js"
    open_cinema.page = f"""<!doctype html><movie-together id="t" code="{code}"><video></video></movie-together>
      <script type="module" src="{script}"></script>"""
    await farid.page.goto(f"{open_cinema.elsewhere}/page")
    await farid.page.evaluate("customElements.whenDefined('movie-together')")
    await asyncio.sleep(0.5)
    assert farid.joins == []

    await farid.page.evaluate(
        """token => {
            window.asked = [];
            document.getElementById("t").token = async options => {
                window.asked.push(options.refused);
                return options.refused ? token : "expired";
            };
        }""",
        await open_cinema.token("farid"),
    )
    await farid.page.wait_for_function("document.getElementById('t').live", timeout=PATIENCE_MS)

    assert await farid.page.evaluate("window.asked") == [False, True]
    assert farid.refusals == [401], "that of the expired one"
    farid.refusals.clear()


async def test_what_a_page_set_before_the_module_came_is_used(
    anchored: Visitor, visit: Any, open_cinema: CinemaSite, together_site: LocalSite
) -> None:
    code = anchored.page.url.rpartition("=")[2]
    farid = await visit("farid")
    open_cinema.page = f"""<!doctype html><movie-together id="t"><video></video></movie-together>
      <script>document.getElementById("t").token = async () => "{await open_cinema.token("farid")}";</script>"""
    await farid.page.goto(f"{open_cinema.elsewhere}/page")
    await farid.page.evaluate("url => import(url)", f"{together_site.url}/widget/v1/player.js")

    join_url = f"{together_site.url}/api/v1/rooms/{code}/join"
    await farid.page.evaluate("url => document.getElementById('t').setAttribute('join-url', url)", join_url)
    await farid.page.wait_for_function("document.getElementById('t').live", timeout=PATIENCE_MS)


async def test_the_cinema_s_reason_reaches_whoever_it_does_not_let_in_and_trying_again_helps(
    anchored: Visitor, visit: Any, open_cinema: CinemaSite
) -> None:
    farid = await visit("farid")
    open_cinema.refused["farid"] = {"en": "Your subscription has ended.", "ru": "Ваша подписка закончилась."}
    await farid.page.goto(anchored.page.url)
    reason = open_cinema.refused["farid"][VIEWERS["farid"]["locale"]]
    await expect(farid.page.locator("movie-together").get_by_text(reason)).to_be_visible()
    assert farid.refusals == [403]
    farid.refusals.clear()

    open_cinema.refused.clear()
    await farid.page.locator("movie-together .end button").click()
    await farid.wait_room(anchored.name, farid.name)


async def test_while_the_cinema_does_not_answer_the_viewer_is_told_and_comes_in_once_it_does(
    anchored: Visitor, visit: Any, open_cinema: CinemaSite
) -> None:
    farid = await visit("farid")
    open_cinema.answers_who_may_watch = False
    try:
        await farid.page.goto(anchored.page.url)
        told = farid.page.locator("movie-together").get_by_text("The cinema has not said yet whether you can watch")
        await expect(told).to_be_visible()
    finally:
        open_cinema.answers_who_may_watch = True

    await farid.wait_room(anchored.name, farid.name)
    assert set(farid.refusals) == {503}
    farid.refusals.clear()


_LOADED = """([url, integrity]) => new Promise(done => {
    const script = document.createElement("script");
    Object.assign(script, { type: "module", crossOrigin: "anonymous", integrity, src: url });
    script.onload = () => done(Boolean(customElements.get("movie-together")));
    script.onerror = () => done(false);
    document.head.append(script);
})"""


async def test_a_page_pins_the_bundle_by_its_integrity(
    visit: Any, open_cinema: CinemaSite, together_site: LocalSite
) -> None:
    visitor = await visit("farid")
    answer = await visitor.page.request.get(f"{together_site.url}/widget/v1/manifest.json")
    player = (await answer.json())["player"]
    url = f"{together_site.url}/widget/v1/{player['file']}"

    page = f"{open_cinema.elsewhere}/index.html?film={FILM}"
    await visitor.page.goto(page)
    wrong = player["integrity"][:-8] + "AAAAAAAA"
    assert await visitor.page.evaluate(_LOADED, [url, wrong]) is False
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not visitor.complaints:
            await asyncio.sleep(0.05)
    assert all("integrity" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()

    # On a page of its own: where a script has once failed, Firefox does not ask for it again.
    await visitor.page.goto(page)
    assert await visitor.page.evaluate(_LOADED, [url, player["integrity"]]) is True


# WCAG 2.2, "contrast ratio": of every text that is shown, against the colours behind it.
_CONTRASTS = """root => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, n) => c * a + below[n] * (1 - a));
    const luminance = rgb => rgb.map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const parent = node => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host ?? null;
    const behind = node => {
        if (!node) return document.documentElement.style.colorScheme === "dark" ? [18, 18, 18] : [255, 255, 255];
        return over(channels(getComputedStyle(node).backgroundColor), behind(parent(node)));
    };
    const found = {};
    for (const element of document.querySelectorAll(root)) {
        for (const node of element.shadowRoot.querySelectorAll("*")) {
            const texts = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
            if (!(texts || node.placeholder) || !node.checkVisibility() || node.disabled) continue;
            const below = behind(node);
            const ink = over(channels(getComputedStyle(node).color), below);
            const [light, dark] = [ink, below].map(luminance).sort((a, b) => b - a);
            found[`${element.localName} ${node.className || node.localName}`] = (light + 0.05) / (dark + 0.05);
        }
    }
    return found;
}"""


@pytest.mark.parametrize("scheme", ["", "dark"])
async def test_chat_and_people_are_readable_on_a_page_that_sets_no_colours(anchored: Visitor, scheme: str) -> None:
    page = anchored.page
    for n in range(2):
        await page.evaluate("n => document.querySelector('movie-together').say(`A message, the ${n}th`)", n)
    await expect(page.locator("movie-together-chat").get_by_text("A message, the 1th")).to_be_visible()
    await page.evaluate("scheme => { document.documentElement.style.colorScheme = scheme; }", scheme)

    found = await page.evaluate(_CONTRASTS, "movie-together-chat, movie-together-people")

    assert len(found) >= 5, found
    assert {what: round(ratio, 2) for what, ratio in found.items() if ratio < 4.5} == {}
    # The measure notices colours that do not go with the page.
    await page.evaluate("document.documentElement.style.setProperty('--mt-text', '#888')")
    worse = await page.evaluate(_CONTRASTS, "movie-together-chat, movie-together-people")
    assert any(ratio < 4.5 for ratio in worse.values())


_FRAMING = """<!doctype html><title>The cinema</title><iframe id="room" src="{url}" width="1000" height="300"></iframe>
<script>
  window.told = [];
  addEventListener("message", ({{ data, origin }}) => {{
    window.told.push({{ ...data, origin }});
    if (data.type === "movie-together:height") document.getElementById("room").height = data.height;
  }});
</script>"""


async def test_the_rooms_page_in_a_frame_tells_height_title_and_end(
    browser: Browser, open_cinema: CinemaSite, together_site: LocalSite
) -> None:
    context = await browser.new_context(locale="ru-RU", viewport={"width": 1280, "height": 1000})
    alisa = Viewer(context, await context.new_page(), "alisa", together_site.url)
    await alisa.sign_in()
    answer = await context.request.post(
        f"{together_site.url}/api/v1/rooms", data={"film_id": FILM}, headers={"Origin": together_site.url}
    )
    code = (await answer.json())["code"]
    open_cinema.page = _FRAMING.format(url=f"{together_site.url}/rooms/{code}")

    await alisa.page.goto(f"{open_cinema.beside}/page")

    async def told(kind: str) -> list[dict[str, Any]]:
        heard = "kind => window.told.some(({type}) => type === kind)"
        await alisa.page.wait_for_function(heard, arg=f"movie-together:{kind}", timeout=PATIENCE_MS)
        found: list[dict[str, Any]] = await alisa.page.evaluate("window.told")
        return [one for one in found if one["type"] == f"movie-together:{kind}"]

    room = alisa.page.frame_locator("#room")
    assert (await told("title"))[0]["title"].startswith(FILMS["paper-whales"]["title"]["ru"])
    assert {one["origin"] for one in await told("height")} == {together_site.url}
    await expect(room.locator("header.top")).to_be_hidden()
    # The frame has taken the height on, and nothing of the stage is cut off.
    uncut = "() => { const s = document.querySelector('.hall__stage'); return s.scrollHeight <= s.clientHeight + 1; }"
    [frame] = [one for one in alisa.page.frames if f"/rooms/{code}" in one.url]
    await frame.wait_for_function(uncut, timeout=PATIENCE_MS)
    assert len(await told("height")) < 10, "it settles"

    await expect(room.locator("#line")).to_have_attribute("data-line", "live")
    headers = {"Origin": together_site.url}
    assert (await context.request.delete(f"{together_site.url}/api/v1/rooms/{code}", headers=headers)).ok
    assert [one["reason"] for one in await told("closed")] == ["room_closed"]

    # Another site's page gets no frame at all, and no message.
    await alisa.page.goto(f"{open_cinema.elsewhere}/page", wait_until="load")
    assert not [one for one in alisa.page.frames if one.url.startswith(together_site.url)]
    assert await alisa.page.evaluate("window.told") == []
    await context.close()
