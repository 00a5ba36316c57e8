"""Events reach every socket also where the loop over them is not compiled."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, start_node

# A node that finds no build/fan_out.so.
NOT_COMPILED = """
import ctypes, runpy
load = ctypes.CDLL
def not_found(name, *args, **options):
    if str(name).endswith("fan_out.so"):
        raise OSError(name)
    return load(name, *args, **options)
ctypes.CDLL = not_found
runpy.run_module("sync_service", run_name="__main__")
"""


async def loops_of(node: SyncNode) -> dict[str, float]:
    """Return sync_fan_out by its label ``path``."""
    async with aiohttp.ClientSession() as session, session.get(node.http("/metrics")) as answer:
        lines = [line for line in (await answer.text()).splitlines() if line.startswith("sync_fan_out{")]
    return {line.split('"')[1]: float(line.split()[1]) for line in lines}


@pytest.fixture
def uncompiled(run_process: RunProcess, cinema: Cinema, module_redis_url: str, module_amqp_url: str) -> SyncNode:
    return start_node(run_process, cinema, module_redis_url, module_amqp_url, program=["python", "-c", NOT_COMPILED])


async def test_a_node_without_the_c_part_says_so_once_and_delivers(
    uncompiled: SyncNode, node: SyncNode, crowd: Crowd, room: dict[str, Any]
) -> None:
    assert await loops_of(uncompiled) == {"c": 0, "python": 1}
    clients = [await crowd.enter(one, room) for one in (uncompiled, uncompiled, node)]
    for n in range(20):
        assert (await clients[n % 3].say(f"{n}"))["type"] == "ack"
    for client in clients:
        await client.reaches(max(one.point[1] for one in clients))
        assert [message["text"] for message in client.messages] == [str(n) for n in range(20)]
    assert uncompiled.process.log.read_text().count("`make setup` compiles it") == 1
