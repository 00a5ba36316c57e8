"""The wiring of the process: nothing else constructs clients or reads settings."""

from aiohttp import web

from api_service.api import captions
from api_service.api.openapi import setup_api
from api_service.api.parsing import BODY_BYTES
from api_service.app_keys import (
    ALLOWED_ORIGINS,
    CONTENT_POLICY,
    DATABASE,
    ENTITLEMENT,
    FRAME_ANCESTORS,
    ISSUER,
    MINTER,
    SITE,
    SOURCES,
)
from api_service.broker.archive import Archive
from api_service.broker.deliveries import Deliveries
from api_service.broker.feed import FeedConsumer
from api_service.broker.outbox_relay import Relay
from api_service.content_policy import ContentPolicy
from api_service.cors import cross_origin, vary_by_origin
from api_service.database import Database
from api_service.entitlement import EntitlementHook
from api_service.housekeeping import Housekeeping
from api_service.identity import Provider, cross_site_guard, save_cookies, setup_identity
from api_service.middlewares import SecurityHeaders, database_faults, request_deadline
from api_service.pages import drawn_previews, page_failures, setup_pages
from api_service.posters import Posters
from api_service.settings import Settings
from api_service.source_hook import SourceHook
from api_service.static_files import setup_files
from api_service.usecases.outbox import SOURCE
from shared.broker import Broker
from shared.service import Health, metrics_middleware, problem_middleware, running
from shared.tickets import Minter

# From the outermost to the innermost.
MIDDLEWARES = (
    save_cookies,  # around errors too: a sign-in that failed is used up
    metrics_middleware,
    cross_origin,  # around the problems: another site's page may read why it was refused
    problem_middleware,
    page_failures,  # right inside the problems, so that a person reads a page whatever failed within
    request_deadline(),
    cross_site_guard,
    database_faults,
)


async def build(settings: Settings) -> web.Application:
    """Return the application; it starts and keeps running while PostgreSQL, RabbitMQ or the provider is away."""
    db = Database(settings.database_url)
    broker = Broker(settings.amqp_url, SOURCE)
    provider = Provider(settings.identity)
    policy = ContentPolicy(settings.site, settings.identity.issuer, settings.frame_ancestors, settings.film_origins)
    headers = SecurityHeaders(settings.site, policy)
    Archive(db).consume(broker)
    FeedConsumer(db, settings.identity.issuer).consume(broker)
    Deliveries(db).consume(broker)

    health = Health()
    health.checks["postgresql"] = db.check
    health.notes["rabbitmq"] = broker.check

    app = web.Application(client_max_size=BODY_BYTES, middlewares=MIDDLEWARES)
    app[DATABASE] = db
    app[SITE] = settings.site
    app[ISSUER] = settings.identity.issuer
    app[ALLOWED_ORIGINS] = frozenset(settings.allowed_origins)
    app[FRAME_ANCESTORS] = settings.frame_ancestors
    app[CONTENT_POLICY] = policy
    app[MINTER] = Minter(*settings.ticket_signing_key)
    if settings.entitlement is not None:
        app[ENTITLEMENT] = entitlement = EntitlementHook(settings.entitlement)
        app.cleanup_ctx.append(running(entitlement))
    if settings.source_hook is not None:
        app[SOURCES] = sources = SourceHook(settings.source_hook)
        app.cleanup_ctx.append(running(sources))

    app.add_routes(health.routes())
    setup_identity(app, settings.identity, provider)
    setup_api(app)
    app.add_routes(captions.routes)
    setup_files(app, settings.assets_dir, settings.demo_dir)
    posters = Posters(settings.demo_dir, settings.film_origins)
    setup_pages(
        app,
        settings.assets_dir,
        bundled=settings.page_scripts == "bundled",
        previews=drawn_previews(settings.fonts_dir, posters),
    )
    app.on_response_prepare.extend((vary_by_origin, headers.put))

    for part in (provider, db, broker, posters, Relay(db, broker), Housekeeping(db, settings.site)):
        app.cleanup_ctx.append(running(part))
    return app
