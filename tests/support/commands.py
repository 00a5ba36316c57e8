"""The commands of a service as whoever runs it types them."""

import asyncio
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.program import plain_environment
from tests.support.api_fixtures import ISSUER, NOBODY_LISTENS, SESSION_KEY, TICKET_SEED
from tests.support.processes import ROOT


@dataclass(frozen=True)
class Ended:
    """What a command answered."""

    code: int
    out: str
    err: str


def environment(database_url: str, amqp_url: str = NOBODY_LISTENS, **changes: str) -> dict[str, str]:
    """Return the settings of an api_service."""
    return {
        "DATABASE_URL": database_url,
        "AMQP_URL": amqp_url,
        "PUBLIC_URL": "http://cinema.test",
        "SYNC_PUBLIC_URL": "ws://cinema.test:8081",
        "OIDC_ISSUER": ISSUER,
        "OIDC_CLIENT_ID": "movie-together",
        "OIDC_CLIENT_SECRET": "secret",
        "SESSION_KEY": urlsafe_b64encode(SESSION_KEY).decode(),
        "TICKET_SIGNING_KEY": f"test:{urlsafe_b64encode(TICKET_SEED).decode()}",
        **changes,
    }


async def command(service: str, env: Mapping[str, str], *words: str, given: str = "") -> Ended:
    """Run `python -m SERVICE WORDS…` with this environment and what is typed; a traceback is no answer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        service,
        *words,
        cwd=ROOT,
        env=plain_environment(**env),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given.encode())
    assert "Traceback" not in err.decode(), err.decode()
    return Ended(process.returncode or 0, out.decode(), err.decode())
