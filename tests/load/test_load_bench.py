"""That the bench measures what it says. What it finds is no matter of these tests."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.load import quiet
from tests.load.drive import Drive
from tests.load.listener import EVENT, STAMP, Listener, Sampler, stamp
from tests.load.process import Cores
from tests.load.servers import ROOT, SendLoop, built_send_loop

SERVERS = ["sync_service", "Node.js ws", "C send()"]


def bench(figures: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run the bench as `make bench` does; return how it ended, and its figures."""
    command = [sys.executable, "-m", "tests.load.bench", "--figures", str(figures), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    return done, json.loads(figures.read_text())


def test_every_server_gets_the_load_and_every_figure_is_found(tmp_path: Path) -> None:
    done, figures = bench(tmp_path / "bench.json", "--quick")

    assert done.returncode == 0, done.stdout + done.stderr
    assert [row["server"] for row in figures["fan_out"]] == SERVERS
    for row in figures["fan_out"]:
        assert (row["missing"], row["errors"], row["closed"]) == (0, 0, 0), row
        assert row["deliveries_per_s"] > 0, row
        assert row["cpu_per_million_s"] > 0, row
        assert 0 < row["p50_us"] <= row["p99_us"], row
        assert row["most_per_s"] > 0, row
    sync, relay, loop = figures["fan_out"]
    assert sync["redis_per_million_s"] > 0
    assert sync["times_c_loop"] > 0
    assert (relay["times_relay"], loop["times_c_loop"]) == (1, 1)
    assert [row["server"] for row in figures["memory"]] == SERVERS
    assert all(row["connections"] == 40 and row["join_cpu_ms"] > 0 for row in figures["memory"])
    assert figures["memory"][0]["kib_each"] > 0
    assert [row["server"] for row in figures["quiet"]] == SERVERS[:2]
    for row in figures["quiet"]:
        assert (row["viewers"], row["events"], row["closed"]) == (60, 0, 0), row
        assert row["core_per_10000"] > 0, row
        assert row["unanswered"] <= 1, row  # the last one may be on its way
    assert figures["quiet"][0]["redis_core_per_10000"] >= 0


def test_the_quiet_rows_cadence_is_the_widgets() -> None:
    widget = ROOT / "api_service" / "static" / "widget" / "core"
    found = re.search(r"const EVERY_MOST_MS = ([\d_]+);", (widget / "pings.js").read_text())

    assert found is not None
    assert int(found[1]) == quiet.PING_EVERY_S * 1000


def test_what_is_not_measured_in_time_is_said_to_be_missing(tmp_path: Path) -> None:
    done, figures = bench(tmp_path / "bench.json", "--quick", "--servers", "loop", "--limit", "0.5")

    assert done.returncode == 1
    assert "incomplete" in done.stderr
    assert "0.5 s" in figures["problem"]


async def test_an_event_counts_once_however_the_bytes_are_cut() -> None:
    event = EVENT + b'1,"seq":5,' + STAMP + stamp().encode()[1:] + b'"}'
    stream = b"\x81\x30" + event + b"\x81\x05" + b"{...}" + b"\x81\x30" + event
    for size in range(1, len(stream) + 1):
        late_s: list[float] = []
        listener = Sampler(b"", [], late_s)
        for at in range(0, len(stream), size):
            listener.data_received(stream[at : at + size])
        assert (listener.events, len(late_s)) == (2, 2), size


async def test_a_stamp_tells_how_long_an_event_took() -> None:
    late_s: list[float] = []
    listener = Sampler(b"", [], late_s)
    began = time.monotonic()
    event = EVENT + b'1,"text":"' + stamp().encode() + b'"}'

    await asyncio.sleep(0.03)
    listener.data_received(event)

    assert 0.03 <= late_s[0] <= time.monotonic() - began + 0.001


async def test_errors_count_and_the_first_is_kept() -> None:
    listener = Listener(b"", [])

    listener.data_received(b'\x81\x30{"type":"error","code":"rate_limited"}')

    assert listener.errors == 1
    assert b"rate_limited" in listener.first_error


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[SendLoop]:
    server = SendLoop(tmp_path, built_send_loop())
    yield server
    server.stop()


async def test_every_member_of_a_room_gets_what_is_caused_in_it_and_no_other(loop: SendLoop) -> None:
    await loop.fill(2, 3)

    loop.cause(1, 0, 0)
    await asyncio.wait_for(_events(loop, 3), 10)

    assert [[listener.events for listener in room] for room in loop.rooms] == [[0, 0, 0], [1, 1, 1]]


async def test_deliveries_that_do_not_come_are_missed(loop: SendLoop) -> None:
    await loop.fill(1, 4)
    whole = await Drive(loop, Cores(), settle_s=20).measure(200, 0.2)

    loop.rooms[0][0].hang_up()
    loop.rooms[0][0].send(b"to nobody")
    lacking = await Drive(loop, Cores()).measure(200, 0.2)

    assert (whole.missing, whole.clean) == (0, True)
    assert lacking.missing > 0
    assert not lacking.clean


async def _events(loop: SendLoop, wanted: int) -> None:
    while sum(listener.events for listener in loop.listeners) < wanted:
        await asyncio.sleep(0.005)
