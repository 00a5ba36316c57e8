"""What to do with one event: the notifier's one use case. The queue carries the outcome out."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import structlog

from deploy.neighbours.notifier.delivery import Deferred, OutcomeUnknown, Refused, Smtp, SmtpUnavailable
from deploy.neighbours.notifier.events import InvalidEvent, Kind, Notification, parse
from deploy.neighbours.notifier.mail import compose
from deploy.neighbours.notifier.memory import Fate, Memory

# A fault of ours (a broken template, say) is tried again, since a restart may mend it, but not all day.
TRIES_WITH_FAULTS = 5
REMINDER_USEFUL_FOR = timedelta(minutes=15)

log = structlog.stdlib.get_logger("notifier")


@dataclass(frozen=True)
class Attempt:
    """Which attempt this is (from 1), and when the first one failed, if one did."""

    number: int = 1
    first_failed_at: datetime | None = None


@dataclass(frozen=True)
class Done:
    """Nothing is left to do; `mailed` says whether the mail has gone out, now or before."""

    mailed: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Postponed:
    """Try again after a delay that grows with the attempts. `maybe_sent`: nobody knows whether this one succeeded."""

    problem: str
    maybe_sent: bool = False


@dataclass(frozen=True)
class SetAside:
    """Never try again by itself: to the dead letters, with `reason` (of a closed list) and `problem` (for a person)."""

    reason: str
    problem: str


Outcome = Done | Postponed | SetAside


class Handling:
    """Turns events into mails: one mail per event, none for an invitation that ended before its mail went out."""

    def __init__(
        self,
        *,
        memory: Memory,
        smtp: Smtp,
        sender: Address,
        zone: ZoneInfo,
        give_up: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._memory = memory
        self._smtp = smtp
        self._sender = sender
        self._zone = zone
        self._give_up = give_up
        self._now = now
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # Sent, but the disk refused to remember it: kept here until it can be written.
        self._unwritten: set[str] = set()

    async def handle(self, body: bytes, attempt: Attempt) -> Outcome:
        """Bring one event to its end or return why not; raises nothing but cancellation."""
        try:
            notification = parse(body)
        except InvalidEvent as error:
            log.warning("invalid event", problem=str(error))
            return SetAside("invalid_event", str(error))
        except Exception as error:
            log.exception("fault while reading an event")
            return SetAside("fault", f"{type(error).__name__}: {error}")
        # One at a time per invitation: two deliveries of one event would both find it unsent, and a withdrawal
        # must not overtake its invitation.
        turn = self._turns.setdefault(notification.invitation_id, asyncio.Lock())
        async with turn:
            outcome = await self._handle(notification, attempt)
            if isinstance(outcome, Postponed) and self._too_late(attempt):
                outcome = SetAside("gave_up", outcome.problem)
            await self._remember(notification, outcome)
        return outcome

    async def _handle(self, notification: Notification, attempt: Attempt) -> Outcome:
        bound_log = log.bind(
            event_id=notification.event_id, kind=str(notification.kind), invitation_id=notification.invitation_id
        )
        try:
            fate = await self._memory.fate(notification.event_id)
            if notification.event_id in self._unwritten:
                await self._write_down_sent(notification)
                return Done(mailed=True)
            if fate in (Fate.SENT, Fate.NEEDLESS):
                bound_log.info("already dealt with", fate=str(fate))
                return Done(mailed=fate is Fate.SENT)
            if await self._is_needless(notification):
                await self._memory.record(notification, Fate.NEEDLESS, self._now())
                bound_log.info("needless by now: no mail")
                return Done()
            if fate is Fate.SENDING:
                bound_log.warning("a former attempt ended unknown: this may be a second mail, with the same Message-ID")
            mail = compose(notification, sender=self._sender, zone=self._zone, now=self._now())
            # Also shows that the memory can be written, before there is anything that must be remembered.
            await self._memory.record(notification, Fate.SENDING, self._now())
            await self._smtp.send(mail)
            self._unwritten.add(notification.event_id)
            await self._write_down_sent(notification)
        except OutcomeUnknown as error:
            bound_log.warning("mail server lost, outcome unknown", problem=str(error), attempt=attempt.number)
            return Postponed(str(error), maybe_sent=True)
        except SmtpUnavailable as error:
            bound_log.warning("mail server unavailable", problem=str(error), attempt=attempt.number)
            return Postponed(str(error))
        except Deferred as error:
            bound_log.warning("mail deferred", problem=str(error), attempt=attempt.number)
            return Postponed(str(error))
        except Refused as error:
            bound_log.error("mail refused", problem=str(error))
            return SetAside("refused", str(error))
        except sqlite3.Error as error:
            bound_log.error("the memory (NOTIFIER_STATE) does not work", problem=str(error))
            return Postponed(f"the memory does not work: {error}", maybe_sent=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, one event must not stop the others
            bound_log.exception("fault while handling")
            problem = f"{type(error).__name__}: {error}"
            return SetAside("fault", problem) if attempt.number >= TRIES_WITH_FAULTS else Postponed(problem)
        bound_log.info("sent", invitee_id=notification.invitee.id, attempt=attempt.number)
        return Done(mailed=True)

    async def _is_needless(self, notification: Notification) -> bool:
        """Whether the mail would only confuse: its news has been overtaken."""
        if notification.kind is Kind.REVOKED:
            invited = await self._memory.fates(notification.invitation_id, Kind.CREATED)
            # Nothing known of the invitation counts as sent: this memory may be younger than it.
            return bool(invited) and not {Fate.SENT, Fate.SENDING} & set(invited.values())
        asked_at = notification.event_time or self._now()
        withdrawn = await self._memory.fates(notification.invitation_id, Kind.REVOKED)
        # An invitation may be renewed under its old id: only a later withdrawal ends it.
        if any(withdrawn_at >= asked_at for withdrawn_at in withdrawn):
            return True
        changed = await self._memory.fates(notification.invitation_id, Kind.CHANGED)
        # Of two changes the later one says all.
        if notification.kind is Kind.CHANGED and any(changed_at > asked_at for changed_at in changed):
            return True
        too_late = notification.starts_at is not None and self._now() > notification.starts_at + REMINDER_USEFUL_FOR
        return notification.kind is Kind.REMINDER and too_late

    def _too_late(self, attempt: Attempt) -> bool:
        return attempt.first_failed_at is not None and self._now() - attempt.first_failed_at >= self._give_up

    async def _write_down_sent(self, notification: Notification) -> None:
        await self._memory.record(notification, Fate.SENT, self._now())
        self._unwritten.discard(notification.event_id)

    async def _remember(self, notification: Notification, outcome: Outcome) -> None:
        # Where the outcome is unknown, the row goes on saying `sending`.
        if isinstance(outcome, Done) or (isinstance(outcome, Postponed) and outcome.maybe_sent):
            return
        try:
            fate = Fate.WAITING if isinstance(outcome, Postponed) else Fate.SET_ASIDE
            await self._memory.record(notification, fate, self._now())
        except sqlite3.Error as error:
            log.error("the memory (NOTIFIER_STATE) does not work", problem=str(error), event_id=notification.event_id)
