"""Replies, deletion, older messages, typing and reactions."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import NewViewer
from tests.e2e.viewer import PATIENCE_MS, Viewer
from tests.e2e.widget.conftest import OpenRoom, SignIn
from tests.support.browsers import FIREFOX_LESS_MOTION

MANY = 27  # of each of the two: together more than a welcome tells
# What floats over the film is gone in two or three seconds: the page itself notes what it says and how it moves.
NOTE = """room => {
    room.noted = new Promise(done => {
        const look = () => {
            const span = room.shadowRoot.querySelector(".floating span");
            if (span) done([span.textContent, getComputedStyle(span).animationName]);
        };
        new MutationObserver(look).observe(room.shadowRoot, { childList: true, subtree: true });
    });
}"""


async def test_a_reply_shows_what_it_is_to_and_a_deleted_message_leaves_a_trace(
    together: tuple[Viewer, Viewer],
) -> None:
    elena, farid = together
    await elena.say("Кто это на маяке?")
    await farid.see_text("Кто это на маяке?")

    # By keys alone: the list, its last message, what can be done with it.
    await farid.page.locator("movie-together-chat .list").focus()
    for key in ("ArrowUp", "Tab", "Enter"):
        await farid.page.keyboard.press(key)
    await expect(farid.page.locator("movie-together-chat .reply")).to_contain_text("Кто это на маяке?")
    typists = elena.page.locator("movie-together-chat .typists")
    # Looked for from before it is there: it is shown for a few seconds only.
    await asyncio.gather(
        expect(typists).to_contain_text(f"{farid.name}\u2069 пишет"), farid.page.keyboard.type("Смотритель")
    )
    await farid.page.keyboard.press("Enter")

    quote = elena.page.locator("movie-together-chat .quote")
    await expect(quote).to_contain_text("Кто это на маяке?")
    assert await typists.inner_text() == "", "by what he said, not in time"
    assert await farid.page.locator("movie-together-chat .reply").is_hidden()
    first = elena.page.locator("movie-together-chat li.said").first
    await first.hover()
    await first.locator("[data-action=delete]").click()
    await expect(elena.page.locator("movie-together-chat .deleted")).to_have_count(1)
    assert await farid.messages() == ["Кто это на маяке?", "Смотритель"], "it can still be undone"
    await elena.page.locator("movie-together-chat .undo").click()
    assert await elena.messages() == ["Кто это на маяке?", "Смотритель"]
    await elena.page.mouse.move(5, 5)
    await first.hover()
    await first.locator("[data-action=delete]").click()

    for viewer in (elena, farid):
        await expect(viewer.page.locator("movie-together-chat .deleted")).to_have_count(1)
        await expect(viewer.page.locator("movie-together-chat .quote")).to_contain_text("Сообщение удалено")
        assert await viewer.messages() == ["Смотритель"]
    answer = elena.page.locator("movie-together-chat li.said").last
    await answer.hover()
    await answer.locator("[data-action=delete]").click()  # the owner may delete what others said
    await expect(elena.page.locator("movie-together-chat .undo")).to_be_visible()
    await elena.page.evaluate("() => { dispatchEvent(new Event('pagehide')); }")  # nobody is left to undo it
    await expect(farid.page.locator("movie-together-chat .deleted")).to_have_count(2)


async def test_older_messages_come_on_the_way_up_and_when_a_reply_is_to_one(together: tuple[Viewer, Viewer]) -> None:
    elena, farid = together
    many = """async (room, [who, many]) => {
        for (let n = 0; n < many; n += 1) await room.say(`${who} ${n}`);
    }"""
    await elena.say("самое первое")
    await farid.see_text("самое первое")
    rooms = [viewer.page.locator("movie-together") for viewer in together]
    await asyncio.gather(*(room.evaluate(many, [str(n), MANY]) for n, room in enumerate(rooms)))
    await rooms[0].evaluate(
        "room => { room.say('ответ', { replyTo: room.room.messages.find(m => m.text === 'самое первое').id }); }"
    )
    await farid.see_text("ответ")

    await farid.page.reload()
    await farid.wait_in_room()
    await farid.see_text("ответ")
    assert "самое первое" not in await farid.messages()
    chat = farid.page.locator("movie-together-chat .list")
    read, before = await farid.scroll_back(60)
    await expect(farid.page.locator("movie-together-chat").get_by_text("самое первое").first).to_be_attached(
        timeout=PATIENCE_MS
    )
    texts = await farid.messages()
    assert len(texts) == len(set(texts)) == 2 * MANY + 2
    assert texts == await elena.messages()
    after = await chat.evaluate(
        """(list, id) => list.querySelector(`[data-id="${id}"]`).getBoundingClientRect().y
            - list.getBoundingClientRect().y""",
        read,
    )
    assert abs(after - before) < 2, "what was being read stays where it was"

    await chat.evaluate("list => { list.scrollTop = list.scrollHeight; }")
    await farid.page.locator("movie-together-chat .quote").click()
    await expect(farid.page.locator("movie-together-chat li.found")).to_be_in_viewport()
    await expect(farid.page.locator("movie-together-chat li.found")).to_contain_text("самое первое")


async def test_older_messages_stand_before_those_of_the_same_millisecond_that_came_first(
    together: tuple[Viewer, Viewer],
) -> None:
    shown = await together[0].page.evaluate(
        """async () => {
            const { ChatLog } = await import("/static/widget/ui/chat-log.js");
            const { ENGLISH } = await import("/static/widget/ui/translations-en.js");
            const said = (id, sent_ms) => ({ id, sent_ms, author: { id: "a", name: "A" }, text: id, position_ms: 0 });
            const older = [said("first", 1), said("second", 2), said("third", 2)];
            const history = async () => ({ messages: older, more: false });
            const log = new ChatLog({
                texts: ENGLISH, context: () => ({ me: "b", names: {}, roleOf: () => "viewer", isBlocked: () => false }),
                on: { history, read() {}, unread() {} },
            });
            log.addSnapshot([said("fourth", 2), said("fifth", 2)]);
            await log.jump("first");
            return [...log.node.children].map(line => line.dataset.id);
        }"""
    )

    assert shown == ["first", "second", "third", "fourth", "fifth"]


@pytest.mark.parametrize("firefox_asks", [FIREFOX_LESS_MOTION], ids=["calm"])
async def test_a_reaction_floats_over_everyones_film_and_is_not_kept(
    browser: Browser, new_viewer: NewViewer, open_room: OpenRoom, sign_in: SignIn
) -> None:
    elena, farid = await new_viewer("elena", sits_at=browser), await new_viewer("farid")
    link = await open_room(elena)
    await sign_in(farid)
    await farid.page.emulate_media(reduced_motion="reduce")
    await farid.enter(link)
    together = (elena, farid)
    rooms = [viewer.page.locator("movie-together") for viewer in together]
    for room in rooms:
        await room.evaluate(NOTE)

    await elena.page.locator("movie-together-reactions button").first.click()

    async with asyncio.timeout(PATIENCE_MS / 1000):
        seen = [await room.evaluate("room => room.noted") for room in rooms]
    for text, _ in seen:
        assert "😂" in text
        assert elena.name in text
    assert [moves for _, moves in seen] == ["float", "shown"]
    for viewer in together:
        await expect(viewer.page.locator("movie-together .floating span")).to_have_count(0, timeout=PATIENCE_MS)
        assert await viewer.messages() == []
