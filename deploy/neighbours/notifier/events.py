"""The events that become mails: structured CloudEvents 1.0 JSON, checked field by field."""

import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from enum import StrEnum
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deploy.neighbours.notifier.wire import ascii_address

MAX_BODY_BYTES = 64 * 1024
MAX_ID_CHARACTERS = 255
MAX_LINK_CHARACTERS = 2000
MAX_SHOWN_CHARACTERS = 200
CHANGES = ("rescheduled", "film_changed", "cancelled", "reopened")
# Characters that turn the direction of the text after them: with these a name could make a mail read as another one.
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Kind(StrEnum):
    CREATED = "invitation.created.v1"
    CHANGED = "invitation.changed.v1"
    REVOKED = "invitation.revoked.v1"
    REMINDER = "screening.reminder_due.v1"


class InvalidEvent(Exception):
    """The event breaks the contract and will never be understood; `field` is where, e.g. `data.invitee.email`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


@dataclass(frozen=True)
class Invitee:
    id: str
    address: Address
    name: str
    language: str
    zone: ZoneInfo | None


@dataclass(frozen=True)
class Notification:
    """What one event has to say to one person. `link` is None for a revoked invitation; names are one clean line.

    `change` is one of `CHANGES` in a changed invitation, else None.
    """

    event_id: str
    event_time: datetime | None
    kind: Kind
    invitation_id: str
    link: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    previous_starts_at: datetime | None
    change: str | None
    sequence: int
    title: str | None
    answer_link: str | None
    unsubscribe_link: str | None
    film_title: str
    inviter_name: str
    invitee: Invitee


def parse(body: bytes) -> Notification:
    """Read one event; raises `InvalidEvent` naming the field. Unknown attributes are ignored (CloudEvents 1.0, 3.3)."""
    event = Fields(_json_object(body), "")
    if event.text("specversion") != "1.0":
        event.refuse("specversion", "is not 1.0")
    event_id = event.identifier("id")
    event.text("source")
    type_ = event.text("type")
    if type_ not in set(Kind):
        event.refuse("type", f"{type_[:80]!r} is not one of {', '.join(Kind)}")
    kind = Kind(type_)
    data = event.fields("data")
    invitee = data.fields("invitee")
    return Notification(
        event_id=event_id,
        event_time=event.time("time", optional=True),
        kind=kind,
        invitation_id=data.identifier("invitation_id"),
        link=None if kind is Kind.REVOKED else data.link("link"),
        starts_at=data.time("starts_at", optional=kind is not Kind.REMINDER),
        ends_at=data.time("ends_at", optional=True),
        previous_starts_at=data.time("previous_starts_at", optional=True),
        change=data.one_of("change", CHANGES) if kind is Kind.CHANGED else None,
        sequence=data.number("sequence"),
        title=data.name("title") if data.has("title") else None,
        answer_link=data.link("answer_link") if data.has("answer_link") else None,
        unsubscribe_link=data.link("unsubscribe_link") if data.has("unsubscribe_link") else None,
        film_title=data.fields("film").name("title"),
        inviter_name=data.fields("inviter").name("name"),
        invitee=Invitee(
            id=invitee.identifier("id"),
            address=invitee.address("email", invitee.name("name")),
            name=invitee.name("name"),
            language=invitee.language("locale"),
            zone=invitee.zone("time_zone"),
        ),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY_BYTES:
        raise InvalidEvent("body", f"is larger than {MAX_BODY_BYTES} bytes")
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("body", f"is not JSON in UTF-8 ({type(error).__name__}: {error})") from error
    if not isinstance(document, dict):
        raise InvalidEvent("body", "is not a JSON object")
    return document


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class Fields:
    """One object of the event, read field by field; each refusal names the whole path."""

    def __init__(self, values: dict[str, Any], path: str) -> None:
        self._values = values
        self._path = path

    def refuse(self, field: str, problem: str) -> NoReturn:
        raise InvalidEvent(self._path + field, problem)

    def fields(self, field: str) -> "Fields":
        value = self._values.get(field)
        if not isinstance(value, dict):
            self.refuse(field, "is missing" if value is None else "is not an object")
        return Fields(value, f"{self._path}{field}.")

    def has(self, field: str) -> bool:
        return self._values.get(field) is not None

    def number(self, field: str) -> int:
        """A whole number from 0; 0 where there is none."""
        value = self._values.get(field, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.refuse(field, "is not a whole number from 0")
        return value

    def one_of(self, field: str, known: tuple[str, ...]) -> str:
        value = self.text(field)
        if value not in known:
            self.refuse(field, f"is not one of {', '.join(known)}")
        return value

    def zone(self, field: str) -> ZoneInfo | None:
        """A time zone, or None where there is none or nobody here knows it: the mail then says times in its own."""
        if not self.has(field):
            return None
        try:
            return ZoneInfo(self.text(field))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None

    def text(self, field: str) -> str:
        value = self._values.get(field)
        if not isinstance(value, str):
            self.refuse(field, "is missing" if value is None else "is not a text")
        if not value.strip():
            self.refuse(field, "is empty")
        if any(unicodedata.category(character) == "Cs" for character in value):
            self.refuse(field, "holds half of a surrogate pair")
        return value

    def identifier(self, field: str) -> str:
        value = self.text(field)
        if len(value) > MAX_ID_CHARACTERS or not value.isprintable():
            self.refuse(field, f"is not an id of at most {MAX_ID_CHARACTERS} printable characters")
        return value

    def name(self, field: str) -> str:
        """A text for people on one line: no line breaks, control characters or direction marks, of bearable length."""
        clean = "".join(
            " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
            for character in self.text(field)
            if character not in DIRECTION_MARKS
        )
        line = " ".join(clean.split())
        if not line:
            self.refuse(field, "has nothing that could be shown")
        return line if len(line) <= MAX_SHOWN_CHARACTERS else line[: MAX_SHOWN_CHARACTERS - 1].rstrip() + "…"

    def time(self, field: str, *, optional: bool) -> datetime | None:
        if optional and self._values.get(field) is None:
            return None
        value = self.text(field)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.refuse(field, "is not a time with offset (RFC 3339)")
        return moment

    def link(self, field: str) -> str:
        value = self.text(field)
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        plain = value.isascii() and value.isprintable() and not any(character in value for character in ' "<>\\^`{|}')
        if parts.scheme not in ("http", "https") or not parts.netloc or not plain or len(value) > MAX_LINK_CHARACTERS:
            self.refuse(field, "is not an address http://… or https://…")
        return value

    def address(self, field: str, display_name: str) -> Address:
        value = self.text(field)
        try:
            return ascii_address(display_name, value)
        except ValueError:
            self.refuse(field, "is not one e-mail address")

    def language(self, field: str) -> str:
        """`ru` or `en`. To those who prefer another language the site itself speaks Russian, and so does the mail."""
        value = self._values.get(field)
        if value is not None and not isinstance(value, str):
            self.refuse(field, "is not a text")
        return "en" if (value or "").lower().replace("_", "-").split("-")[0] == "en" else "ru"
