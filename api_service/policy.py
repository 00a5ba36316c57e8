"""What the cinema allows: limits that protect people from each other, invitations by address, how long a room waits."""

from dataclasses import dataclass

from shared.settings import Environment


@dataclass(frozen=True)
class Policy:
    """See docs/operations.md for what each one means."""

    mails_per_day: int = 1_000
    mails_per_person: int = 10
    mails_per_room: int = 1_000
    rooms_per_hour: int = 60
    searches_per_hour: int = 60
    guests_per_hour: int = 30
    trusted_proxies: int = 0
    resend_after_s: int = 600
    reminder_min: int = 15
    abandoned_h: float = 24
    unattended_h: float = 12
    invite_by_email: bool = False


def policy(environment: Environment) -> Policy:
    """Read the variables; complaints are collected by ``environment``."""
    most = 1_000_000
    return Policy(
        mails_per_day=environment.integer("MAILS_PER_DAY", default=Policy.mails_per_day, low=1, high=most),
        mails_per_person=environment.integer("MAILS_PER_PERSON", default=Policy.mails_per_person, low=1, high=most),
        mails_per_room=environment.integer("MAILS_PER_ROOM", default=Policy.mails_per_room, low=1, high=most),
        rooms_per_hour=environment.integer("ROOMS_PER_HOUR", default=Policy.rooms_per_hour, low=1, high=most),
        searches_per_hour=environment.integer("SEARCHES_PER_HOUR", default=Policy.searches_per_hour, low=1, high=most),
        guests_per_hour=environment.integer("GUESTS_PER_HOUR", default=Policy.guests_per_hour, low=1, high=most),
        trusted_proxies=environment.integer("TRUSTED_PROXIES", default=Policy.trusted_proxies, low=0, high=10),
        resend_after_s=environment.integer("RESEND_AFTER_S", default=Policy.resend_after_s, low=0, high=86_400),
        reminder_min=environment.integer("REMINDER_MIN", default=Policy.reminder_min, low=0, high=1_440),
        abandoned_h=environment.number("ABANDONED_H", default=Policy.abandoned_h, low=0.01, high=10_000),
        invite_by_email=environment.choice("INVITE_BY_EMAIL", ("off", "on"), default="off") == "on",
        unattended_h=environment.number("UNATTENDED_H", default=Policy.unattended_h, low=0.01, high=10_000),
    )
