"""What becomes of one event, with a real memory and a real mail server, at a time of the test's choosing."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from deploy.local.free_ports import free_port
from deploy.neighbours.notifier import handling
from deploy.neighbours.notifier.delivery import Smtp
from deploy.neighbours.notifier.events import Kind
from deploy.neighbours.notifier.handling import TRIES_WITH_FAULTS, Attempt, Done, Handling, Postponed, SetAside
from deploy.neighbours.notifier.memory import Memory
from deploy.neighbours.notifier.settings import SmtpServer
from deploy.neighbours.notifier.wire import ascii_address
from tests.support.notifier_fixtures import Event, MailServer, invitation_created, invitation_revoked, listening

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    """Tells the time that the test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Desk:
    """Hands events to a `Handling` as the queue would."""

    def __init__(self, handling: Handling, clock: Clock) -> None:
        self._handling = handling
        self.clock = clock

    async def handle(self, event: Event, attempt: Attempt | None = None) -> handling.Outcome:
        return await self._handling.handle(json.dumps(event).encode(), attempt or Attempt())


@pytest.fixture
async def desk(mail_host: MailServer, tmp_path: Path) -> AsyncIterator[Desk]:
    memory = Memory(tmp_path / "state.sqlite3")
    await memory.open()
    clock = Clock()
    yield Desk(
        Handling(
            memory=memory,
            smtp=Smtp(SmtpServer("127.0.0.1", mail_host.port, False, None, None, None)),
            sender=ascii_address("Кино", "kino@cinema.example"),
            zone=ZoneInfo("UTC"),
            give_up=timedelta(hours=24),
            now=clock,
        ),
        clock,
    )
    await memory.close()


def at(event: Event, time: datetime, **changes: Any) -> Event:
    """The event as it would be at another time, with another id."""
    return {**event, "id": f"{event['id']}-{time:%H%M}", "time": time.isoformat(), **changes}


@pytest.mark.parametrize(("minutes_after_start", "mails"), [(-30, 1), (14, 1), (16, 0)])
async def test_a_reminder_goes_out_while_it_still_helps(
    desk: Desk, mail_host: MailServer, minutes_after_start: int, mails: int
) -> None:
    starts_at = NOON - timedelta(minutes=minutes_after_start)
    event = invitation_created(type=Kind.REMINDER.value, starts_at=starts_at.isoformat())
    assert await desk.handle(event) == Done()
    assert len(mail_host.accepted) == mails


async def test_an_invitation_renewed_after_its_withdrawal_is_sent(desk: Desk, mail_host: MailServer) -> None:
    event = at(invitation_created(), NOON)
    await desk.handle(event)
    await desk.handle(at(invitation_revoked(event), NOON + timedelta(minutes=1)))
    await desk.handle(at(event, NOON + timedelta(minutes=2)))
    assert len(mail_host.accepted) == 3
    await desk.handle(at(event, NOON - timedelta(minutes=2)))  # an older one that comes late
    assert len(mail_host.accepted) == 3


async def test_a_withdrawal_is_told_also_where_the_memory_is_younger_than_the_invitation(
    desk: Desk, mail_host: MailServer
) -> None:
    await desk.handle(invitation_revoked(invitation_created()))
    assert [mail["Subject"] for mail in mail_host.accepted] == ["Приглашение на «Ночной трамвай» отозвано"]


async def test_a_withdrawal_of_what_never_arrived_is_not_told(desk: Desk, mail_host: MailServer) -> None:
    mail_host.answer_to = lambda _address: "550 no such mailbox"
    event = invitation_created()
    assert await desk.handle(event) == SetAside("refused", "550 no such mailbox")
    mail_host.answer_to = lambda _address: "250 OK"
    assert await desk.handle(invitation_revoked(event)) == Done()
    assert mail_host.accepted == []


async def test_putting_off_ends_when_the_time_is_up(desk: Desk, mail_host: MailServer) -> None:
    mail_host.answer_to = lambda _address: "451 later"
    event = invitation_created()
    first_failed_at = NOON - timedelta(hours=23, minutes=59)
    assert await desk.handle(event, Attempt(40, first_failed_at)) == Postponed("451 later")
    desk.clock.now += timedelta(minutes=1)
    assert await desk.handle(event, Attempt(41, first_failed_at)) == SetAside("gave_up", "451 later")


async def test_a_fault_of_ours_is_tried_again_but_not_for_ever(
    desk: Desk, mail_host: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise KeyError("a text that nobody wrote")

    event = invitation_created()
    monkeypatch.setattr(handling, "compose", broken)
    problem = "KeyError: 'a text that nobody wrote'"
    assert await desk.handle(event) == Postponed(problem)
    assert await desk.handle(event, Attempt(TRIES_WITH_FAULTS, NOON)) == SetAside("fault", problem)
    monkeypatch.undo()
    assert await desk.handle(event, Attempt(2, NOON)) == Done()
    assert len(mail_host.accepted) == 1


async def test_a_sent_mail_that_the_disk_refuses_to_remember_is_not_sent_again(
    desk: Desk, mail_host: MailServer, tmp_path: Path
) -> None:
    event = invitation_created()
    with closing(sqlite3.connect(tmp_path / "state.sqlite3", isolation_level=None)) as other:

        async def refuse_to_remember() -> None:
            other.execute("BEGIN EXCLUSIVE")

        mail_host.before_accepting = refuse_to_remember
        outcome = await desk.handle(event)
        assert outcome == Postponed("the memory does not work: database is locked", maybe_sent=True)
    assert await desk.handle(event, Attempt(2, NOON)) == Done()
    assert await desk.handle(event, Attempt(3, NOON)) == Done()
    assert len(mail_host.accepted) == 1


async def test_a_connection_lost_while_the_server_accepts_leaves_the_outcome_open(
    desk: Desk, mail_host: MailServer, tmp_path: Path
) -> None:
    async def cut() -> None:
        for connection in mail_host.connections:
            connection.abort()

    mail_host.before_accepting = cut
    event = invitation_created()
    outcome = await desk.handle(event)
    assert isinstance(outcome, Postponed)
    assert outcome.maybe_sent
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as memory:
        assert memory.execute("SELECT fate FROM mails").fetchall() == [("sending",)]
    mail_host.before_accepting = None
    # The mail may be there, so its withdrawal is told.
    assert await desk.handle(invitation_revoked(event)) == Done()
    assert len(mail_host.accepted) == 2


class Guarded(MailServer):
    """A mail server that wants user and password."""

    def session(self) -> SMTP:
        def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object) -> AuthResult:
            return AuthResult(success=given == LoginPassword(b"kino", b"p@ss"), handled=False)

        return SMTP(
            self, hostname="mail.test", authenticator=check, auth_require_tls=False, loop=asyncio.get_running_loop()
        )


@pytest.mark.parametrize(
    ("password", "trouble"), [("p@ss", None), ("wrong", "refuses the user or password of SMTP_URL")]
)
async def test_a_password_is_given_and_its_refusal_is_named(password: str, trouble: str | None) -> None:
    port = free_port()
    async with listening(Guarded(port)):
        smtp = Smtp(SmtpServer("127.0.0.1", port, False, None, "kino", password))
        assert await smtp.probe() == (trouble is None)
        assert smtp.lost.is_set() == (trouble is not None)
        assert trouble is None or trouble in str(smtp.trouble)


async def test_a_server_without_tls_is_refused_where_tls_is_asked_for(mail_host: MailServer) -> None:
    smtp = Smtp(SmtpServer("127.0.0.1", mail_host.port, False, True, None, None))
    assert not await smtp.probe()
    assert "STARTTLS" in str(smtp.trouble)
