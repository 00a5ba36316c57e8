"""A planned screening as a calendar file, for whoever adds it by themselves; who is invited gets one by email too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event

from api_service.language import Language
from api_service.usecases.published import BROADCAST
from api_service.usecases.rooms import Room

ALARM: Final = timedelta(minutes=-15)


def calendar_entry(room: Room, here: Language, now: datetime) -> str:
    """Return the entry (RFC 5545); raises ValueError for a room without a start."""
    if room.starts_at is None:
        raise ValueError("only a screening with a start makes an entry of a calendar")
    length = timedelta(milliseconds=room.film.duration_ms) if room.film.duration_ms else BROADCAST
    summary = here.gettext("Watch together: %(title)s") % {"title": room.title or room.film.title}
    event = Event.new(
        uid=f"room-{room.id}@{urlsplit(room.link).hostname}",
        stamp=now,
        start=room.starts_at,
        end=room.starts_at + length,
        summary=summary,
        description=here.gettext("Room: %(link)s") % {"link": room.link},
        location=room.link,
        url=room.link,
    )
    event.add_component(Alarm.new_display(summary, ALARM))
    calendar = Calendar.new(prodid="-//Movie Together//Pages//EN", subcomponents=[event])
    return str(calendar.to_ical(), "utf-8")
