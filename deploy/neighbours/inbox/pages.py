"""The page of the inbox, and its JSON for tests."""

import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.neighbours.inbox.mailbox import Mailbox
from deploy.neighbours.inbox.mails import Mail

HERE = Path(__file__).parent
LANGUAGES = ("ru", "en")
VIEWS = ("html", "text", "source")
# A mail is a stranger's page: no scripts (no allow-scripts), nothing loaded. Its origin stays ours only so that the
# page around it can measure how tall it is; links open outside.
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
MAIL_POLICY = f"sandbox {SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:"
)

DOCTYPE = re.compile(r"\A(\s*<!doctype[^>]*>)?", re.IGNORECASE)

MAILBOX = web.AppKey("mailbox", Mailbox)
TEXTS = {name: tomllib.loads((HERE / "texts" / f"{name}.toml").read_text(encoding="utf-8")) for name in LANGUAGES}

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

routes = web.RouteTableDef()


def pages(mailbox: Mailbox) -> web.Application:
    """The whole HTTP side of the inbox."""
    app = web.Application()
    app[MAILBOX] = mailbox
    app.add_routes(routes)
    app.router.add_static("/static/", HERE / "static")
    return app


@routes.get("/healthz")
@routes.get("/readyz")
async def alive(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/api/version")
async def version(request: web.Request) -> web.Response:
    return web.json_response({"version": request.app[MAILBOX].version})


@routes.get("/api/messages")
async def messages(request: web.Request) -> web.Response:
    found = request.app[MAILBOX].mails(request.query.get("to"))
    return web.json_response({"items": [as_json(mail) for mail in found]})


@routes.delete("/api/messages")
async def clear(request: web.Request) -> web.Response:
    request.app[MAILBOX].clear(request.query.get("to"))
    return web.Response(status=204)


@routes.get("/")
async def overview(request: web.Request) -> web.Response:
    return page(request, None)


@routes.get("/messages/{id}")
async def message(request: web.Request) -> web.Response:
    return page(request, found_mail(request))


@routes.get("/messages/{id}/html")
async def message_html(request: web.Request) -> web.Response:
    mail = found_mail(request)
    # Links leave the frame. `base` must stand before the mail's own markup to be true of all of it, but behind its
    # doctype: without one in front a browser lays the mail out by the rules of the last century.
    body = DOCTYPE.sub(r'\g<0><base target="_blank">', mail.html or "", count=1)
    return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": MAIL_POLICY})


@routes.get("/messages/{id}/attachments/{number:\\d+}")
async def attachment(request: web.Request) -> web.Response:
    number = int(request.match_info["number"])
    for attached in found_mail(request).attachments:
        if attached.number == number:
            # Always as a file to save: whatever a stranger sent must not run as a page of this origin.
            disposition = f"attachment; filename*=UTF-8''{quote(attached.name, safe='')}"
            headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
            return web.Response(body=attached.content, content_type="application/octet-stream", headers=headers)
    raise web.HTTPNotFound


def found_mail(request: web.Request) -> Mail:
    mail = request.app[MAILBOX].mail(request.match_info["id"])
    if mail is None:
        raise web.HTTPNotFound(text="No such mail: it was removed, or it never came.")
    return mail


def as_json(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "to": mail.to,
        "from": mail.sender,
        "subject": mail.subject,
        "date": mail.date.isoformat(),
        "text": mail.text,
        "html": mail.html,
        "links": list(mail.links),
        "attachments": [{"name": one.name, "content_type": one.content_type} for one in mail.attachments],
    }


def page(request: web.Request, mail: Mail | None) -> web.Response:
    mailbox = request.app[MAILBOX]
    to = request.query.get("to") or None
    language = preferred_language(request.headers.get("Accept-Language", ""))
    views = [view for view in VIEWS if mail is not None and (view == "source" or getattr(mail, view) is not None)]
    wanted = request.query.get("view", "")

    def address(path: str, **query: str | None) -> str:
        given = {name: value for name, value in {"to": to, **query}.items() if value is not None}
        return f"{path}?{urlencode(given)}" if given else path

    text = _templates.get_template("inbox.html").render(
        language=language,
        words=TEXTS[language],
        mails=mailbox.mails(to),
        recipients=mailbox.recipients(),
        total=len(mailbox.mails()),
        to=to,
        mail=mail,
        views=views,
        view=wanted if wanted in views else next(iter(views), None),
        version=mailbox.version,
        sandbox=SANDBOX,
        address=address,
        moment=local_time,
    )
    return web.Response(
        text=text,
        content_type="text/html",
        headers={"Content-Security-Policy": PAGE_POLICY, "Vary": "Accept-Language", "Cache-Control": "no-store"},
    )


def preferred_language(accept_language: str) -> str:
    """The first of ours in the reader's order (RFC 9110, 12.5.4); Russian when none is asked for."""
    asked: list[tuple[float, str]] = []
    for item in accept_language.split(","):
        tag, _, weight = item.partition(";q=")
        try:
            asked.append((-float(weight or 1), tag.strip().lower().split("-")[0]))
        except ValueError:
            continue
    return next((tag for weight, tag in sorted(asked, key=lambda one: one[0]) if tag in LANGUAGES and weight < 0), "ru")


def local_time(moment: datetime) -> str:
    """The time of the machine that shows it: the inbox is read where it runs."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
