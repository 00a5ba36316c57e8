"""Whoever floods holds nobody up: with every frame counted and read in slices, and not without."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from deploy.local.redis_server import Redis
from deploy.local.stores import GivenStore
from sync_service.protocol.codes import CloseCode
from tests.load.flood import KINDS, measured
from tests.load.servers import NO_BROKER, Sync
from tests.support.fresh_stores import empty_redis

# Neither counts frames nor slices what comes.
UNGUARDED: Final = """
import runpy
from sync_service.live.limits import Rate
from sync_service.sockets import frame_guard
frame_guard.ALL_FRAMES = Rate(1e12, 1e12)
frame_guard.SLICE_FRAMES = 10**9
runpy.run_module("sync_service", run_name="__main__")
"""
SECONDS: Final = 1.5


@pytest.mark.timeout(180)
async def test_a_flood_of_empty_frames_holds_nobody_up_and_its_sockets_are_closed(
    tmp_path: Path, redis_server: Redis | GivenStore
) -> None:
    async def floods(*program: str) -> dict[str, float]:
        server = Sync(tmp_path, empty_redis(redis_server), NO_BROKER, program=program or Sync.program)
        try:
            found = await measured(server, KINDS[:1] if program else KINDS, SECONDS)
        finally:
            server.stop()
        if not program:
            for one in found[1:]:
                assert set(one.closes) == {int(CloseCode.TOO_FAST)}, one
                assert one.closes.total() >= 3, one
        return {one.name: one.part(0.9) for one in found}

    guarded, bare = await floods(), await floods("python", "-c", UNGUARDED)

    assert bare["pings"] > 3 * guarded["pings"], (guarded, bare)
