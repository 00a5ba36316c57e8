"""Composes the mail for one notification: plain text, HTML, and a calendar event when a start is set.

There is no List-Unsubscribe: a mail is about one person's invitation, there is no list to leave, and the contract names
no address at which one could; the foot of the mail says why it came instead.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vCalAddress
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from deploy.neighbours.notifier.events import Kind, Notification
from deploy.neighbours.notifier.wire import WIRE, header_text
from deploy.neighbours.notifier.wording import texts, time_text

SECTIONS = {Kind.CREATED: "created", Kind.REVOKED: "revoked", Kind.REMINDER: "reminder"}
# The contract does not say how long the film is; a calendar wants an end, and an evening's film takes about this.
CALENDAR_DURATION = timedelta(hours=2)
CALENDAR_ALARM = timedelta(minutes=-15)
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
    section = words[SECTIONS[notification.kind]]
    subject = section["subject"].format(inviter=notification.inviter_name, film=notification.film_title)

    mail = EmailMessage(policy=WIRE)
    mail["Subject"] = header_text(subject)
    mail["From"] = sender
    mail["To"] = notification.invitee.address
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{_in_message_id(notification.event_id)}@{sender.domain}>"
    # All mails about one invitation name the same ancestor, so mail programs show them as one conversation.
    mail["References"] = f"<invitation-{_in_message_id(notification.invitation_id)}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    mail.set_content(_rendered("mail.txt", notification, subject, zone))
    mail.add_alternative(_rendered("mail.html", notification, subject, zone), subtype="html")
    if notification.starts_at is not None:
        mail.add_attachment(
            calendar_event(notification, sender=sender, now=now),
            subtype="calendar",
            filename=words["calendar_file"],
            params={"method": "PUBLISH"},
        )
    mail["Content-Language"] = notification.invitee.language  # last: a new part moves the Content- headers inwards
    recipient = notification.invitee.address.addr_spec
    return Mail(sender.addr_spec, recipient, mail.as_bytes())


def _rendered(template: str, notification: Notification, subject: str, zone: ZoneInfo) -> str:
    language = notification.invitee.language
    words = texts(language)
    section = words[SECTIONS[notification.kind]]
    inviter = LINK_LIKE.sub("\\1\u2060", notification.inviter_name)
    html = template.endswith(".html")

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
        link=notification.link,
        open_now=notification.kind is Kind.CREATED and notification.starts_at is None,
        when=time_text(notification.starts_at, zone, language) if notification.starts_at else None,
    )


def calendar_event(notification: Notification, *, sender: Address, now: datetime) -> str:
    """The screening as iCalendar (RFC 5545) to add by hand; a later one for the same invitation replaces it."""
    if notification.starts_at is None or notification.link is None:
        raise ValueError("only a screening with a start and a room makes a calendar event")
    words = texts(notification.invitee.language)
    summary = words["calendar_summary"].format(film=notification.film_title)
    uid = f"invitation-{_in_message_id(notification.invitation_id)}@{sender.domain}"
    start = notification.starts_at.astimezone(UTC)
    event = Event.new(
        uid=uid,
        stamp=now,
        start=start,
        end=start + CALENDAR_DURATION,
        summary=summary,
        description=words["calendar_description"].format(inviter=notification.inviter_name, link=notification.link),
        location=notification.link,
        url=notification.link,
        organizer=vCalAddress.new(sender.addr_spec, cn=sender.display_name or words["brand"]),
    )
    event.add_component(Alarm.new_display(summary, CALENDAR_ALARM))
    calendar = Calendar.new(prodid="-//Movie Together//Notifier//EN", method="PUBLISH", uid=uid, subcomponents=[event])
    return str(calendar.to_ical(), "utf-8")


def _in_message_id(identifier: str) -> str:
    """The id itself where RFC 5322 allows it on the left of a Message-ID, else its hash."""
    if re.fullmatch(r"[A-Za-z0-9-]{1,64}", identifier):
        return identifier
    return hashlib.sha256(identifier.encode()).hexdigest()[:40]
