"""Handing a mail to the SMTP server, and what each of its refusals means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiosmtplib

from deploy.neighbours.notifier.mail import Mail
from deploy.neighbours.notifier.settings import SmtpServer

TIMEOUT_S = 30.0
PROBE_TIMEOUT_S = 5.0
PARTING_TIMEOUT_S = 2.0
# Codes that speak of the session, not of this mail (RFC 5321, 4.2.3; RFC 4954, 6): going away, or sign in first.
SESSION_CODES = frozenset({421, 454, 530, 534, 535, 538})
TOO_BIG = 552  # the answer to MAIL with a SIZE over the server's limit (RFC 1870, 6.1): about this mail after all


class SmtpUnavailable(Exception):
    """No mail at all can be handed over now: nobody answers, or the server refuses us."""


class OutcomeUnknown(SmtpUnavailable):
    """The connection broke while the mail was being handed over: perhaps the server has it."""


class Deferred(Exception):
    """The server does not take this mail now (4xx, RFC 5321, 4.2.1): the same attempt may succeed later."""


class Refused(Exception):
    """The server will never take this mail (5xx for the recipient or the content)."""


class Smtp:
    """Hands mails over, one connection each, and knows whether the server was available when last tried."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self.trouble: str | None = "not tried yet"
        self.lost = asyncio.Event()

    async def probe(self) -> bool:
        """Sign in and out without a mail; return whether that worked, and leave the reason in `trouble`."""
        with suppress(SmtpUnavailable):
            async with self._session(PROBE_TIMEOUT_S):
                pass
        return self.trouble is None

    async def send(self, mail: Mail) -> None:
        """Return once the server accepted the mail.

        Raises `SmtpUnavailable` (if the mail was on its way, `OutcomeUnknown`), `Deferred` or `Refused`.
        """
        async with self._session(TIMEOUT_S) as session:
            try:
                await session.sendmail(mail.sender, [mail.recipient], mail.content)
            except aiosmtplib.SMTPRecipientsRefused as error:
                raise self._judged(error.recipients[0]) from error
            except aiosmtplib.SMTPSenderRefused as error:
                if error.code == TOO_BIG:
                    raise Refused(_answer(error)) from error
                # Every mail has this sender: the setting or the server's rights need a person, not the dead letters.
                raise self._lost(f"the server refuses the sender (MAIL_FROM): {_answer(error)}") from error
            except aiosmtplib.SMTPResponseException as error:
                raise self._judged(error) from error
            except aiosmtplib.SMTPNotSupported as error:
                raise Refused(f"the server cannot carry this mail: {error}") from error
            except (aiosmtplib.SMTPException, OSError) as error:
                trouble = str(self._lost(f"the connection broke while sending: {_text_of(error)}"))
                raise OutcomeUnknown(trouble) from error
            except ValueError as error:
                raise Refused(f"the mail cannot be written on the wire: {error}") from error

    def _judged(self, error: aiosmtplib.SMTPResponseException) -> Exception:
        if error.code in SESSION_CODES:
            return self._lost(_answer(error))
        return Refused(_answer(error)) if 500 <= error.code <= 599 else Deferred(_answer(error))

    def _lost(self, trouble: str) -> SmtpUnavailable:
        self.trouble = trouble
        self.lost.set()
        return SmtpUnavailable(trouble)

    @asynccontextmanager
    async def _session(self, timeout_s: float) -> AsyncIterator[aiosmtplib.SMTP]:
        server = self._server
        session = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=server.starttls,
            timeout=timeout_s,
        )
        where = f"{server.host}:{server.port}"
        try:
            try:
                await session.connect()
            except aiosmtplib.SMTPAuthenticationError as error:
                raise self._lost(f"{where} refuses the user or password of SMTP_URL: {_answer(error)}") from error
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                raise self._lost(f"{where} (SMTP_URL) does not take mail: {_text_of(error)}") from error
            self.trouble = None
            self.lost.clear()
            yield session
            # The mail's fate is settled: an error while parting must not turn an accepted mail into a failed one.
            with suppress(aiosmtplib.SMTPException, OSError):
                await session.quit(timeout=PARTING_TIMEOUT_S)
        finally:
            session.close()


def _answer(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {error.message}"[:500]


def _text_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
