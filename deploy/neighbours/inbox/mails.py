"""One stored mail, read for people: addresses, texts, links, attachments."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from functools import cached_property
from html.parser import HTMLParser

# The envelope's recipients, as the server noted them: a hidden copy stands in no other header.
ENVELOPE_HEADER = "X-RcptTo"
LINK_IN_TEXT = re.compile(r"https?://[^\s<>\"'\u2060]+[^\s<>\"'\u2060.,;:!?)»”]")


@dataclass(frozen=True)
class Attachment:
    number: int
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    id: str
    received_at: datetime
    source: bytes

    @cached_property
    def _message(self) -> EmailMessage:
        return message_from_bytes(self.source, policy=policy.default)

    @cached_property
    def recipients(self) -> tuple[str, ...]:
        """Bare addresses in lower case, those of the envelope first."""
        headers = [str(value) for name in (ENVELOPE_HEADER, "To", "Cc") for value in self._message.get_all(name, [])]
        return tuple(dict.fromkeys(address.lower() for _, address in getaddresses(headers) if address))

    @cached_property
    def to(self) -> str:
        return _addresses(self._message, "To") or ", ".join(self.recipients)

    @cached_property
    def sender(self) -> str:
        return _addresses(self._message, "From")

    @cached_property
    def sender_name(self) -> str:
        names = [name for name, _ in getaddresses([str(self._message.get("From", ""))]) if name]
        return names[0] if names else self.sender

    @cached_property
    def subject(self) -> str:
        return str(self._message.get("Subject", "")).strip()

    @cached_property
    def date(self) -> datetime:
        """When the mail says it was written; when it came in, if it says nothing readable."""
        try:
            written = parsedate_to_datetime(str(self._message.get("Date", "")))
        except ValueError:
            return self.received_at
        return written if written.tzinfo else written.replace(tzinfo=UTC)

    @cached_property
    def text(self) -> str | None:
        return self._body("plain")

    @cached_property
    def html(self) -> str | None:
        return self._body("html")

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Every web address in the order of the text, then of the HTML, each once."""
        finder = LinkFinder()
        finder.feed(self.html or "")
        return tuple(dict.fromkeys([*LINK_IN_TEXT.findall(self.text or ""), *finder.links]))

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        found = []
        for number, part in enumerate(self._message.iter_attachments()):
            content = part.get_payload(decode=True)
            name = part.get_filename() or part.get_content_type().replace("/", ".")
            found.append(
                Attachment(number, name, part.get_content_type(), content if isinstance(content, bytes) else b"")
            )
        return tuple(found)

    def _body(self, kind: str) -> str | None:
        part = self._message.get_body((kind,))
        if part is None:
            return None
        try:
            return str(part.get_content()).replace("\r\n", "\n")
        except (LookupError, KeyError):  # a charset or a type that Python does not know
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


class LinkFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") or ""
        if tag == "a" and href.startswith(("http://", "https://")):
            self.links.append(href)


def _addresses(mail: EmailMessage, header: str) -> str:
    values = [str(value) for value in mail.get_all(header, [])]
    return ", ".join(address for _, address in getaddresses(values) if address)
