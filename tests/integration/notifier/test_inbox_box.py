"""The inbox: what comes in by SMTP is kept and shown."""

import asyncio
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiohttp import ClientSession
from playwright.async_api import async_playwright

from deploy.local.free_ports import free_port
from deploy.local.program import WebProgram
from tests.support import browsers
from tests.support.notifier_fixtures import Inbox, eventually, started
from tests.support.processes import RunProcess


def a_mail(to: str = "boris@example.com", subject: str = "Привет", html: str | None = None) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Кино <kino@cinema.example>"
    mail["To"] = to
    mail["Subject"] = subject
    mail.set_content("Смотрите: http://localhost:8080/rooms/abc. Ждём!\n")
    if html is not None:
        mail.add_alternative(html, subtype="html")
    return mail


def send(inbox: Inbox, mail: EmailMessage, *also_to: str) -> None:
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as smtp:
        smtp.send_message(mail, to_addrs=[mail["To"], *also_to])


async def test_mails_are_listed_newest_first_and_by_recipient(inbox: Inbox) -> None:
    send(inbox, a_mail(subject="first"))
    send(inbox, a_mail(subject="second"))
    send(inbox, a_mail("Vera@Example.com", subject="third"))
    assert [mail["subject"] for mail in await inbox.mails()] == ["third", "second", "first"]
    assert [mail["subject"] for mail in await inbox.mails("BORIS@example.com")] == ["second", "first"]
    assert [mail["subject"] for mail in await inbox.mails("vera@example.com")] == ["third"]
    assert await inbox.mails("bor") == []


async def test_a_mail_is_given_with_its_texts_and_links(inbox: Inbox) -> None:
    send(
        inbox, a_mail(html='<p><a href="http://localhost:8080/rooms/abc">room</a> <a href="https://b.test/">b</a></p>')
    )
    (mail,) = await inbox.mails()
    assert mail["from"] == "kino@cinema.example"
    assert mail["to"] == "boris@example.com"
    assert mail["text"] == "Смотрите: http://localhost:8080/rooms/abc. Ждём!\n"
    assert mail["links"] == ["http://localhost:8080/rooms/abc", "https://b.test/"]


async def test_a_hidden_copy_is_found_by_its_recipient(inbox: Inbox) -> None:
    send(inbox, a_mail(), "hidden@example.com")
    assert len(await inbox.mails("hidden@example.com")) == 1


async def test_mails_survive_a_kill_of_the_inbox(inbox_program: tuple[WebProgram, Inbox]) -> None:
    program, inbox = inbox_program
    await started(program)
    send(inbox, a_mail(subject="kept"))
    before = await inbox.mails()
    await asyncio.to_thread(program.kill)
    await started(program)
    assert await inbox.mails() == before


async def test_mails_are_deleted_for_one_recipient_or_all(inbox: Inbox) -> None:
    send(inbox, a_mail())
    send(inbox, a_mail("vera@example.com"))
    async with ClientSession() as http:
        async with http.delete(f"{inbox.url}/api/messages", params={"to": "boris@example.com"}) as response:
            assert response.status == 204
        assert [mail["to"] for mail in await inbox.mails()] == ["vera@example.com"]
        async with http.delete(f"{inbox.url}/api/messages") as response:
            assert response.status == 204
    assert await inbox.mails() == []


async def test_a_mail_over_the_bound_is_refused(inbox: Inbox) -> None:
    mail = a_mail()
    mail.set_content("x" * 76 + "\n" + ("y" * 76 + "\n") * 140_000)
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        await asyncio.to_thread(send, inbox, mail)
    assert refused.value.smtp_code == 552
    assert await inbox.mails() == []


async def test_an_unknown_mail_is_a_clear_404(inbox: Inbox) -> None:
    for path in ("/messages/nope", "/messages/nope/html", "/messages/nope/attachments/0"):
        async with ClientSession() as http, http.get(inbox.url + path) as response:
            assert response.status == 404


@pytest.mark.parametrize(
    ("accept_language", "expected"),
    [
        ("en-GB,en;q=0.9,ru;q=0.8", "Mail of the local run"),
        ("de, ru;q=0.5, en;q=0.3", "Почта локального запуска"),
        ("*;q=zero", "Почта локального запуска"),
    ],
)
async def test_the_page_speaks_the_readers_language(inbox: Inbox, accept_language: str, expected: str) -> None:
    async with ClientSession(headers={"Accept-Language": accept_language}) as http, http.get(inbox.url) as response:
        assert expected in await response.text()


async def test_a_mails_scripts_and_pictures_stay_dead_and_its_links_open_outside(inbox: Inbox) -> None:
    evil = (
        "<!DOCTYPE html><html><body><script>parent.document.title = 'owned'; document.title = 'owned'</script>"
        f"<img src='{inbox.url}/api/version' onerror=\"parent.document.title = 'owned'\">"
        f"<a href='{inbox.url}/healthz'>out</a></body></html>"
    )
    send(inbox, a_mail(html=evil))
    (mail,) = await inbox.mails()
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright)
        page = await browser.new_page()
        fetched: list[str] = []
        page.on("requestfinished", lambda request: fetched.append(f"{request.resource_type} {request.url}"))
        await page.goto(f"{inbox.url}/messages/{mail['id']}", wait_until="load")
        await page.frame_locator("iframe").get_by_text("out").wait_for()
        assert await page.title() != "owned"
        assert not [request for request in fetched if request.startswith("image http")]
        async with page.context.expect_page() as opened:
            await page.frame_locator("iframe").get_by_text("out").click()
        outside = await opened.value
        await outside.wait_for_url(f"{inbox.url}/healthz")
        await page.goto(f"{inbox.url}/messages/{mail['id']}/html")
        assert await page.title() != "owned"
        await browser.close()


async def test_an_open_page_shows_new_mail_by_itself(inbox: Inbox) -> None:
    async with async_playwright() as playwright:
        browser = await browsers.launch(playwright)
        page = await browser.new_page(locale="en-US")
        await page.goto(inbox.url)
        await page.get_by_text("No mail yet").wait_for()
        await asyncio.to_thread(send, inbox, a_mail(subject="Fresh"))
        await page.get_by_role("link", name="Fresh").wait_for()
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.get_by_role("button", name="Delete all").click()
        await page.get_by_text("No mail yet").wait_for()
        await browser.close()
    assert await inbox.mails() == []


@pytest.mark.parametrize("setting", ["INBOX_SMTP_PORT", "INBOX_HTTP_PORT"])
async def test_a_taken_port_is_named_with_the_remedy(
    inbox: Inbox, run_process: RunProcess, tmp_path: Path, setting: str
) -> None:
    free = {name: str(free_port()) for name in ("INBOX_SMTP_PORT", "INBOX_HTTP_PORT")}
    env = {"INBOX_DIR": str(tmp_path / "other"), **free, setting: str(inbox.smtp_port)}
    second = run_process(
        ["python", "-m", "deploy.neighbours.inbox"], env, f"http://127.0.0.1:{free['INBOX_HTTP_PORT']}/", start=False
    )
    second.spawn()

    async def ended() -> bool:
        return not second.running()

    await eventually(ended, "the end of the second inbox")
    assert f"Cannot listen on 127.0.0.1:{inbox.smtp_port}" in second.log.read_text()
    assert f"set {setting} to another one" in second.log.read_text()
