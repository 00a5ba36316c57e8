"""What a start without its settings says."""

from __future__ import annotations

import asyncio
import sys

import pytest

from deploy.local.program import plain_environment
from tests.support.processes import ROOT
from tests.support.sync_fixtures import Cinema


@pytest.mark.parametrize("missing", ["REDIS_URL", "TICKET_VERIFY_KEYS", "RESUME_KEYS", "ALLOWED_ORIGINS", "AMQP_URL"])
async def test_a_missing_setting_is_named_with_its_remedy(cinema: Cinema, missing: str) -> None:
    settings = {**cinema.settings, "REDIS_URL": "redis://127.0.0.1:1", "AMQP_URL": "amqp://127.0.0.1:1"}
    del settings[missing]
    code, output = await run_to_its_end(settings)
    assert code == 78
    assert f"{missing}:" in output
    assert f"e.g. {missing}=" in output
    assert "Traceback" not in output


async def test_a_taken_port_is_named_with_its_remedy(cinema: Cinema) -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    stores = {"REDIS_URL": "redis://127.0.0.1:1", "AMQP_URL": "amqp://127.0.0.1:1"}
    async with taken:
        code, output = await run_to_its_end({**cinema.settings, **stores, "SYNC_PORT": str(port)})
    assert code == 1
    assert f"127.0.0.1:{port}" in output
    assert "SYNC_PORT" in output
    assert "Traceback" not in output


async def run_to_its_end(settings: dict[str, str]) -> tuple[int | None, str]:
    environment = plain_environment(**settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sync_service",
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()
