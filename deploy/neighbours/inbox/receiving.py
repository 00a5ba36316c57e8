"""The SMTP side: takes every mail and says 250 once it is on the disk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.neighbours.inbox.mailbox import Mailbox
from deploy.neighbours.inbox.mails import ENVELOPE_HEADER
from deploy.neighbours.process import naming_the_port

MAX_MAIL_BYTES = 10 * 1024 * 1024


class Receiver:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""  # bytes, since the session does not decode
        recipients = ", ".join(envelope.rcpt_tos)
        # Written above the mail, as servers write their traces (RFC 5321, 4.4).
        self._mailbox.add(f"{ENVELOPE_HEADER}: {recipients}\r\n".encode() + content)
        return "250 2.0.0 kept"


@asynccontextmanager
async def smtp_server(mailbox: Mailbox, *, host: str, port: int) -> AsyncIterator[None]:
    """Receive mail while the block runs; raises `CannotListen`."""
    loop = asyncio.get_running_loop()
    receiver = Receiver(mailbox)

    def session() -> SMTP:
        return SMTP(
            receiver,
            enable_SMTPUTF8=True,
            data_size_limit=MAX_MAIL_BYTES,
            # Left out, it would be looked up in the DNS for each connection.
            hostname="inbox.localhost",
            ident="Movie Together inbox",
            loop=loop,
        )

    with naming_the_port("INBOX_SMTP_PORT", host, port):
        server = await loop.create_server(session, host, port)
    try:
        yield
    finally:
        server.close()
