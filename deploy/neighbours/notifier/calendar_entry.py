"""The screening as an entry of a calendar (RFC 5545), which a later mail moves or takes away (RFC 5546)."""

from datetime import UTC, datetime, timedelta
from email.headerregistry import Address

from icalendar import STATUS, Alarm, Calendar, Event, vCalAddress

from deploy.neighbours.notifier.events import Kind, Notification
from deploy.neighbours.notifier.wording import texts

# Of an event that does not say when the film ends.
DURATION = timedelta(hours=2)
ALARM = timedelta(minutes=-15)


def method_of(notification: Notification) -> str | None:
    """REQUEST for a new or moved entry, CANCEL for one to be taken away (RFC 5546, 3.2.2 and 3.2.5), None for none."""
    if _start(notification) is None:
        return None
    gone = notification.kind is Kind.REVOKED or notification.change == "cancelled" or notification.starts_at is None
    return "CANCEL" if gone else "REQUEST"


def calendar_entry(notification: Notification, *, uid: str, sender: Address, now: datetime) -> str:
    """The entry as a file; raises ValueError for a notification without a start."""
    start, method = _start(notification), method_of(notification)
    if start is None or method is None:
        raise ValueError("only a screening with a start makes an entry of a calendar")
    words = texts(notification.invitee.language)
    name = notification.title or notification.film_title
    summary = words["calendar_summary"].format(film=name)
    link = notification.link if method == "REQUEST" else None
    end = notification.ends_at if notification.starts_at is not None else None
    said = words["calendar_description"].format(inviter=notification.inviter_name, link=link) if link else None
    event = Event.new(
        uid=uid,
        stamp=now,
        start=start,
        end=(end or start + DURATION).astimezone(UTC),
        summary=summary,
        description=said,
        location=link,
        url=link,
        sequence=notification.sequence,
        status=STATUS.CANCELLED if method == "CANCEL" else STATUS.CONFIRMED,
        organizer=vCalAddress.new(sender.addr_spec, cn=sender.display_name or words["brand"]),
    )
    # RFC 5546, 3.2.2: a request names its attendee. Nobody reads answers sent to the organizer's address.
    attendee = vCalAddress.new(notification.invitee.address.addr_spec, cn=notification.invitee.name, rsvp=False)
    event.add("attendee", attendee)
    if method == "REQUEST":
        event.add_component(Alarm.new_display(summary, ALARM))
    calendar = Calendar.new(prodid="-//Movie Together//Notifier//EN", method=method, uid=uid, subcomponents=[event])
    return str(calendar.to_ical(), "utf-8")


def _start(notification: Notification) -> datetime | None:
    """When the entry begins; one that is taken away, when it would have begun."""
    start = notification.starts_at or notification.previous_starts_at
    return None if start is None else start.astimezone(UTC)
