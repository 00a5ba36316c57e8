"""The process, wired: a reader sees all of it here. Nothing else constructs clients or reads settings."""

from __future__ import annotations

from uuid import uuid4

from aiohttp import web

from shared.broker import Broker
from shared.service import Health, problem_middleware, running
from shared.tickets import Verifier
from sync_service import metrics
from sync_service.broker.journal_relay import Journal
from sync_service.broker.room_events import Lifecycle
from sync_service.live.hub import Hub
from sync_service.live.presence import Presence
from sync_service.redis_client.shards import Shards
from sync_service.settings import Settings
from sync_service.sockets.resume_tokens import ResumeTokens
from sync_service.sockets.server import Door
from sync_service.store.scripts import SCRIPTS


async def build(settings: Settings) -> web.Application:
    """Give the application; it starts and keeps running while Redis or RabbitMQ is away."""
    # A restarted process is another node: what its predecessor held ends with the predecessor's leases.
    node = f"{settings.node_id}.{uuid4().hex[:8]}"
    scripts = [script.source for script in SCRIPTS]
    shards = Shards(settings.redis, f"sync_service.{node}", settings.partitions, scripts=scripts)
    hub = Hub(shards, node)
    presence = Presence(hub, shards)
    tokens = ResumeTokens(settings.resume_keys)
    door = Door(
        hub,
        presence,
        Verifier(settings.ticket_verify_keys),
        tokens,
        origins=settings.allowed_origins,
        partitions=settings.partitions,
    )
    broker = Broker(settings.amqp_url, "sync_service")
    journal = Journal(shards, broker, node, hub.stirred)
    lifecycle = Lifecycle(hub)
    lifecycle.consume_from(broker)
    metrics.register()

    health = Health()
    health.checks["redis"] = shards.check
    health.notes["rabbitmq"] = broker.check

    app = web.Application(middlewares=[problem_middleware])
    app.router.add_routes([*health.routes(), *door.routes()])

    async def drained(_app: web.Application) -> None:
        await door.drain()

    for part in (shards, broker, hub, presence, journal, door):
        app.cleanup_ctx.append(running(part))
    app.on_shutdown.append(drained)
    return app
