"""Composes the mail for one notification: plain text, HTML, and an entry for the calendar when a start is set."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from deploy.neighbours.notifier.calendar_entry import calendar_entry, method_of
from deploy.neighbours.notifier.events import Kind, Notification
from deploy.neighbours.notifier.wire import WIRE, header_text
from deploy.neighbours.notifier.wording import texts, time_text

SECTIONS = {Kind.CREATED: "created", Kind.REVOKED: "revoked", Kind.REMINDER: "reminder"}
# Mail programs turn «evil.example» in someone's name into a link; an invisible word joiner keeps it a name.
LINK_LIKE = re.compile(r"(?<=\w)([.:@/])(?=[\w/])")

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Mail:
    """A mail ready to send: the envelope's two addresses and the bytes between them."""

    sender: str
    recipient: str
    content: bytes


def compose(notification: Notification, *, sender: Address, zone: ZoneInfo, now: datetime) -> Mail:
    """The whole mail for one notification. The same event always gives the same Message-ID."""
    words = texts(notification.invitee.language)
    section = words[_section(notification)]
    subject = section["subject"].format(inviter=notification.inviter_name, film=notification.film_title)

    mail = EmailMessage(policy=WIRE)
    mail["Subject"] = header_text(subject)
    mail["From"] = _named(sender, words["brand"])
    mail["To"] = notification.invitee.address
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{_in_message_id(notification.event_id)}@{sender.domain}>"
    # All mails about one invitation name the same ancestor, so mail programs show them as one conversation.
    mail["References"] = f"<invitation-{_in_message_id(notification.invitation_id)}@{sender.domain}>"
    if notification.unsubscribe_link is not None:
        mail["List-Unsubscribe"] = f"<{notification.unsubscribe_link}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058, 3.1
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    mail.set_content(_rendered("mail.txt", notification, subject, zone))
    mail.add_alternative(_rendered("mail.html", notification, subject, zone), subtype="html")
    method = method_of(notification)
    if method is not None:
        uid = f"invitation-{_in_message_id(notification.invitation_id)}@{sender.domain}"
        mail.add_attachment(
            calendar_entry(notification, uid=uid, sender=sender, now=now),
            subtype="calendar",
            filename=words["calendar_file"],
            params={"method": method},
        )
    mail["Content-Language"] = notification.invitee.language  # last: a new part moves the Content- headers inwards
    recipient = notification.invitee.address.addr_spec
    return Mail(sender.addr_spec, recipient, mail.as_bytes())


def _named(sender: Address, brand: str) -> Address:
    """Return the sender with a name: the site's in the reader's language, unless it has one of its own."""
    return sender if sender.display_name else Address(brand, username=sender.username, domain=sender.domain)


def _rendered(template: str, notification: Notification, subject: str, zone: ZoneInfo) -> str:
    language = notification.invitee.language
    words = texts(language)
    section = words[_section(notification)]
    inviter = LINK_LIKE.sub("\\1\u2060", notification.inviter_name)
    html = template.endswith(".html")
    over = notification.kind is Kind.REVOKED or notification.change == "cancelled"

    def moment(when: datetime | None) -> str | None:
        return None if when is None else time_text(when, notification.invitee.zone or zone, language)

    def say(text: str) -> str:
        if not html:
            return text.format(inviter=inviter)
        # `text` is one of ours; Markup.format escapes what is put into it.
        return Markup(text).format(inviter=Markup("<strong>{}</strong>").format(inviter))  # noqa: S704

    return _templates.get_template(template).render(
        language=language,
        words=words,
        section=section,
        say=say,
        subject=subject,
        film=notification.film_title,
        inviter=inviter,
        title=notification.title,
        link=None if over else notification.link,
        answer_link=None if over or notification.kind is Kind.REMINDER else notification.answer_link,
        unsubscribe_link=notification.unsubscribe_link,
        open_now=not over and notification.starts_at is None,
        when=moment(notification.starts_at) if notification.kind is not Kind.REVOKED else None,
        was=moment(notification.previous_starts_at) if _is_moved(notification) else None,
        calendar_note=method_of(notification) == "REQUEST",
    )


def _is_moved(notification: Notification) -> bool:
    if notification.change == "film_changed":
        return notification.previous_starts_at != notification.starts_at
    return notification.change == "rescheduled"


def _section(notification: Notification) -> str:
    return notification.change or SECTIONS[notification.kind]


def _in_message_id(identifier: str) -> str:
    """The id itself where RFC 5322 allows it on the left of a Message-ID, else its hash."""
    if re.fullmatch(r"[A-Za-z0-9-]{1,64}", identifier):
        return identifier
    return hashlib.sha256(identifier.encode()).hexdigest()[:40]
