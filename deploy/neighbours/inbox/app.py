"""The inbox's process, wired: mailbox, SMTP server and page."""

import asyncio
import sys

import structlog

from deploy.neighbours.inbox.mailbox import Mailbox
from deploy.neighbours.inbox.pages import pages
from deploy.neighbours.inbox.receiving import smtp_server
from deploy.neighbours.inbox.settings import Settings
from deploy.neighbours.process import http_server

log = structlog.stdlib.get_logger("inbox")


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """Receive and show mail until `stopping`."""
    try:
        mailbox = Mailbox(settings.directory)
    except OSError as error:
        sys.exit(
            f"INBOX_DIR={settings.directory} cannot be used ({error}): set it to a folder that this user can write"
        )
    async with (
        smtp_server(mailbox, host=settings.host, port=settings.smtp_port),
        http_server(pages(mailbox), host=settings.host, port=settings.http_port, setting="INBOX_HTTP_PORT"),
    ):
        log.info("inbox started", host=settings.host, smtp_port=settings.smtp_port, http_port=settings.http_port)
        await stopping.wait()
    log.info("inbox stopped")
