"""File descriptors: a connection takes two (the transport's and the fan-out's), and leaves none behind."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.support.clients import PATIENCE_S
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, start_node

PEOPLE = 120
OTHERS = 12  # what the node opens and closes meanwhile for its own ends
SOFT, HARD = 200, 4_096


def open_files(node: SyncNode) -> int:
    return len(list(Path(f"/proc/{node.process.pid}/fd").iterdir()))


async def test_a_node_opens_more_files_than_the_shell_gave_it_and_closes_them_all(
    run_process: RunProcess, cinema: Cinema, crowd: Crowd, module_redis_url: str, module_amqp_url: str
) -> None:
    program = ["prlimit", f"--nofile={SOFT}:{HARD}", "python", "-m", "sync_service"]
    node = start_node(run_process, cinema, module_redis_url, module_amqp_url, program=program)
    before = open_files(node)
    room: dict[str, Any] = cinema.room(capacity=200)
    people = [await crowd.enter(node, room, name=f"Guest {number}") for number in range(PEOPLE)]
    assert open_files(node) >= before + 2 * PEOPLE - OTHERS > SOFT

    for number, client in enumerate(people):
        await (client.drop, client.close, client.leave)[number % 3]()
    deadline_s = time.monotonic() + PATIENCE_S
    while open_files(node) > before + OTHERS and time.monotonic() < deadline_s:
        await asyncio.sleep(0.1)

    assert open_files(node) <= before + OTHERS
