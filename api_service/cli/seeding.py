"""`seed`: the demo."""

import argparse
from pathlib import Path

from api_service.cli.resources import opened
from api_service.seed import DEMO_DIR, DemoError, read_demo, seed
from shared.command_line import CommandFailed, say
from shared.settings import Environment, read


async def seed_demo(_options: argparse.Namespace) -> None:
    """Fill in the demo's films and viewers, where they are missing.

    It may be repeated, also while the service runs. It needs DATABASE_URL and OIDC_ISSUER alone.
    """
    database_url, issuer, folder = read(_settings)
    try:
        demo = read_demo(folder)
    except DemoError as error:
        raise CommandFailed(str(error)) from None
    async with opened(database_url) as db:
        report = await seed(db, demo, issuer)
    for line in report.lines():
        say(line)


def _settings(environment: Environment) -> tuple[str, str, Path]:
    return (
        environment.address(
            "DATABASE_URL",
            "postgresql",
            "postgres",
            example="postgresql://user:password@localhost:5432/movie_together",
        ),
        environment.text("OIDC_ISSUER", example="http://localhost:8082"),
        environment.folder("DEMO_DIR", default=DEMO_DIR),
    )
