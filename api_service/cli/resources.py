"""What commands work with: the settings of the service, and its database for as long as a command runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from api_service.database import ConstraintViolated, Database, DatabaseUnavailable
from api_service.settings import Settings, settings
from shared.command_line import CommandFailed
from shared.settings import Environment, read


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Database]:
    """Open the database; what it refuses ends the command with the reason."""
    db = Database(database_url, size=2)
    await db.start()
    try:
        yield db
    except DatabaseUnavailable as error:
        parts = urlsplit(database_url)
        raise CommandFailed(f"PostgreSQL at {parts.hostname}:{parts.port or 5432} (DATABASE_URL): {error}") from None
    except ConstraintViolated as error:
        raise CommandFailed(f"PostgreSQL refuses a row: {error}") from None
    finally:
        await db.close()


@asynccontextmanager
async def service() -> AsyncIterator[tuple[Database, Settings]]:
    """Open the service's database; its settings are those that it serves with. Raises SettingsError."""
    found = read(settings)
    async with opened(found.database_url) as db:
        yield db, found


def service_settings() -> Settings:
    """Return the settings that the service serves with; raises SettingsError."""
    return read(settings)


def amqp_url() -> str:
    """Return AMQP_URL; raises SettingsError."""
    return read(_amqp_url)


def _amqp_url(environment: Environment) -> str:
    return environment.address("AMQP_URL", "amqp", "amqps", example="amqp://guest:guest@localhost:5672/")
