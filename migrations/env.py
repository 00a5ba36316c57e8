"""Runs migrations against the database named by DATABASE_URL; no other setting is read."""

import os
import sys
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from api_service.tables import metadata

# Two deployments that migrate at once take turns; the number is arbitrary and used here only.
_LOCK_KEY = 7_203_041_177


def _address() -> str:
    address = context.config.attributes.get("database_url") or os.environ.get("DATABASE_URL")
    if not address:
        sys.exit(
            "DATABASE_URL is not set: name the database to migrate, "
            "for example DATABASE_URL=postgresql://user:password@localhost:5432/movie_together"
        )
    return str(address)


def _run() -> None:
    url = make_url(_address())
    engine = create_engine(url.set(drivername="postgresql+psycopg2"), poolclass=pool.NullPool)
    try:
        connection = engine.connect()
    except OperationalError as error:
        sys.exit(f"Cannot connect to {url.render_as_string(hide_password=True)}: {error.orig}")
    with connection:
        context.configure(connection=connection, target_metadata=metadata, compare_type=True)
        with context.begin_transaction():
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
            context.run_migrations()


def _print() -> None:
    context.configure(url=_address(), target_metadata=metadata, literal_binds=True, dialect_name="postgresql")
    with context.begin_transaction():
        context.run_migrations()


# A caller that passes the address has its own logging, too.
if context.config.config_file_name is not None and "database_url" not in context.config.attributes:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    _print()
else:
    _run()
