"""The notifier's process, wired: memory, mail server, queue and health."""

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime, timedelta

import structlog
from aiohttp import web

from deploy.neighbours.notifier.consumer import Consumer, first_of
from deploy.neighbours.notifier.delivery import Smtp
from deploy.neighbours.notifier.handling import Handling
from deploy.neighbours.notifier.memory import Memory, OnlyNotifier
from deploy.neighbours.notifier.settings import Settings
from deploy.neighbours.process import http_server

LOCK_RETRY_S = 1.0
CLEANING_EVERY_S = 3600.0

log = structlog.stdlib.get_logger("notifier")


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """Notify until `stopping`."""
    smtp = Smtp(settings.smtp)
    memory = Memory(settings.state)
    handling = Handling(
        memory=memory,
        smtp=smtp,
        sender=settings.mail_from,
        zone=settings.time_zone,
        give_up=timedelta(seconds=settings.give_up_s),
        now=now,
    )
    consumer = Consumer(
        settings.amqp_url, smtp=smtp, handle=handling.handle, retry_delays_s=settings.retry_delays_s, now=now
    )
    only = OnlyNotifier(settings.state)
    health = Health(consumer, smtp)
    async with http_server(health.app(), host=settings.host, port=settings.port, setting="NOTIFIER_PORT"):
        log.info("notifier started", host=settings.host, port=settings.port)
        try:
            await take_turn(only, health, stopping)
            await memory.open()
        except (sqlite3.Error, OSError) as error:
            remedy = "set it to a file in a folder that this user can write"
            sys.exit(f"NOTIFIER_STATE={settings.state} cannot be used ({error}): {remedy}")
        cleaning = asyncio.create_task(clean_regularly(memory, stopping))
        try:
            await consumer.run(stopping)
        finally:
            cleaning.cancel()
            await asyncio.gather(cleaning, return_exceptions=True)
            await memory.close()
            only.release()
    log.info("notifier stopped")


async def take_turn(only: OnlyNotifier, health: "Health", stopping: asyncio.Event) -> None:
    """Wait while another notifier works with the same memory; take over when that one ends, however it ends."""
    while not stopping.is_set() and not only.take():
        if not health.standing_by:
            log.info("another notifier works with this NOTIFIER_STATE: standing by")
        health.standing_by = True
        await first_of(stopping, timeout_s=LOCK_RETRY_S)
    health.standing_by = False


async def clean_regularly(memory: Memory, stopping: asyncio.Event) -> None:
    while True:
        await first_of(stopping, timeout_s=CLEANING_EVERY_S)
        if stopping.is_set():
            return
        try:
            log.info("memory cleaned", forgotten=await memory.forget_old(now()))
        except sqlite3.Error as error:
            log.warning("memory not cleaned", problem=str(error))


def now() -> datetime:
    return datetime.now(UTC)


class Health:
    """`/healthz`: the process answers. `/readyz`: broker and mail server do too, or another notifier does the work."""

    def __init__(self, consumer: Consumer, smtp: Smtp) -> None:
        self._consumer = consumer
        self._smtp = smtp
        self.standing_by = False

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/healthz", self._alive), web.get("/readyz", self._ready)])
        return app

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _: web.Request) -> web.Response:
        if self.standing_by:
            return web.json_response({"status": "standing by: another notifier works with this NOTIFIER_STATE"})
        troubles = {"broker": self._consumer.trouble, "smtp": self._smtp.trouble}
        ready = not any(troubles.values())
        checks = {name: trouble or "ok" for name, trouble in troubles.items()}
        body = {"status": "ready" if ready else "not ready", **checks}
        return web.json_response(body, status=200 if ready else 503)
