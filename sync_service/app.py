"""The process, wired: a reader sees all of it here. Nothing else constructs clients or reads settings."""

from __future__ import annotations

from uuid import uuid4

from aiohttp import web

from shared.broker import Broker
from shared.service import Health, no_sniffing, problem_middleware, running
from shared.tickets import Verifier
from shared.watchdog import Watchdog
from sync_service import metrics
from sync_service.broker import room_events
from sync_service.broker.journal_relay import JournalRelay
from sync_service.delivery import fan_out
from sync_service.live.hub import Hub
from sync_service.live.presence import Presence
from sync_service.redis_client.shards import Shards
from sync_service.settings import Settings
from sync_service.sockets.resume_tokens import ResumeTokens
from sync_service.sockets.server import Server
from sync_service.store.scripts import SCRIPTS


async def build(settings: Settings) -> web.Application:
    """Return the application; it starts and keeps running while Redis or RabbitMQ is away."""
    # A restarted process is another node: the leases of its predecessor expire by themselves.
    node = f"{settings.node_id}.{uuid4().hex[:8]}"
    scripts = [script.source for script in SCRIPTS]
    shards = Shards(settings.redis, f"sync_service.{node}", settings.partitions, scripts=scripts)
    broker = Broker(settings.amqp_url, "sync_service")
    hub = Hub(shards, node)
    presence = Presence(hub, shards)
    server = Server(
        hub,
        presence,
        Verifier(settings.ticket_verify_keys),
        ResumeTokens(settings.resume_keys),
        origins=settings.allowed_origins,
        partitions=settings.partitions,
    )
    journal = JournalRelay(shards, broker, node, hub.active)

    hub.on_left.append(presence.member_left)
    hub.on_snapshot.append(presence.rejoin_all)
    hub.on_closed.append(server.room_closed)
    hub.on_sessions_ended.append(server.sessions_ended)
    broker.consume(room_events.QUEUE, room_events.ROUTING_KEYS, room_events.RoomEvents(hub, settings.partitions).handle)

    metrics.register()
    fan_out.warn_unless_compiled()
    health = Health()
    health.checks["redis"] = shards.check
    health.notes["rabbitmq"] = broker.check

    app = web.Application(middlewares=[problem_middleware])
    app.on_response_prepare.append(no_sniffing)
    app.router.add_routes([*health.routes(), *server.routes()])
    parts = (Watchdog(), shards, broker, hub, presence, journal, server)
    app.cleanup_ctx.extend(running(resource) for resource in parts)
    app.on_shutdown.append(lambda _app: server.drain())
    return app
