"""The wiring of the process: nothing else constructs clients or reads settings."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from aiohttp import web

from api_service.api.openapi import setup_api
from api_service.api.parsing import BODY_BYTES
from api_service.app_keys import DATABASE, MINTER, SITE
from api_service.broker.archive import Archive
from api_service.broker.outbox_relay import Relay
from api_service.database import Database
from api_service.housekeeping import keep_house
from api_service.identity import setup_identity
from api_service.middlewares import SecurityHeaders, database_faults, request_deadline
from api_service.pages import setup_pages
from api_service.settings import Settings
from api_service.static_files import setup_files
from api_service.usecases.outbox import SOURCE
from api_service.usecases.people import Accounts
from shared.broker import Broker
from shared.service import Health, metrics_middleware, problem_middleware
from shared.tickets import Minter


async def build(settings: Settings) -> web.Application:
    """Wire the application; raises SettingsError for settings that do not fit together."""
    app = web.Application(
        client_max_size=BODY_BYTES, middlewares=[metrics_middleware, problem_middleware, request_deadline()]
    )
    db = Database(settings.database_url)
    broker = Broker(settings.amqp_url, SOURCE)
    headers = SecurityHeaders(settings.site, settings.identity.issuer)
    health = Health()
    health.checks["postgresql"] = db.check
    health.notes["rabbitmq"] = broker.check

    app[DATABASE] = db
    app[SITE] = settings.site
    app[MINTER] = Minter(*settings.ticket_signing_key)

    app.add_routes(health.routes())
    setup_identity(app, settings.identity, Accounts(db))
    setup_api(app)
    setup_files(app, settings.assets_dir, settings.demo_dir)
    setup_pages(app)
    app.middlewares.append(database_faults)
    app.on_response_prepare.append(headers.put)

    Archive(db).consume(broker)
    app.cleanup_ctx.append(_running(db))
    app.cleanup_ctx.append(_running(broker))
    app.cleanup_ctx.append(_running(Relay(db, broker)))
    app.cleanup_ctx.append(_housekeeping(db, headers))
    return app


class _Resource(Protocol):
    async def start(self) -> None: ...
    async def close(self) -> None: ...


def _running(resource: _Resource) -> Callable[[web.Application], AsyncIterator[None]]:
    async def run(_app: web.Application) -> AsyncIterator[None]:
        await resource.start()
        yield
        await resource.close()

    return run


def _housekeeping(db: Database, headers: SecurityHeaders) -> Callable[[web.Application], AsyncIterator[None]]:
    async def run(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(keep_house(db, headers.allow), name="housekeeping")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return run
