"""A process whose loop hangs ends, with all stacks in its log; one that is merely stopped goes on."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time

from shared import watchdog
from shared.watchdog import EXIT_STATUS, LOOK_S, Watchdog

PROGRAM = """
import asyncio, sys, time
from shared import watchdog
watchdog.HUNG_S = 1.0

async def run():
    part = watchdog.Watchdog()
    await part.start()
    print("runs", flush=True)
    await asyncio.sleep(float(sys.argv[1]))
    hangs_here(float(sys.argv[2]))
    await part.close()
    print("ends", flush=True)

def hangs_here(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass

asyncio.run(run())
"""


def program(runs_s: float, hangs_s: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(runs_s), str(hangs_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_whose_loop_hangs_ends_and_says_where() -> None:
    out, err = (process := program(0.2, 60)).communicate(timeout=50)
    assert (process.returncode, "ends" in out) == (EXIT_STATUS, False)
    assert "in hangs_here" in err


def test_one_whose_loop_turns_or_is_busy_for_a_moment_is_left_alone() -> None:
    out, err = (process := program(2.0, 0.2)).communicate(timeout=50)
    assert (process.returncode, out, err) == (0, "runs\nends\n", "")


def test_one_that_was_stopped_for_longer_goes_on() -> None:
    process = program(1.0, 0)
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate(timeout=50)
    assert (process.returncode, out) == (0, "ends\n")


async def test_a_loop_that_turns_is_never_ended() -> None:
    ended: list[float] = []
    part = Watchdog(lambda: ended.append(time.monotonic()))
    await part.start()
    await asyncio.sleep(3 * LOOK_S)
    await part.close()
    assert watchdog.HUNG_S == 5.0
    assert ended == []
