"""The whole suite in a few runs of pytest side by side, each with stores of its own.

Most tests wait: for browsers, for time-outs, for leases that run out. `python -m tests.side_by_side [arguments of
pytest]` prints what each run said when it has ended; the exit code is the worst of theirs.

pytest-xdist would hand files to whichever worker is free, so that sooner or later each of them has PostgreSQL, Redis, a
Redis Cluster, RabbitMQ, the identity provider and a browser of its own. Here tests that need the same are in one run,
and a run starts only what its tests ask for: on two cores the processor is what is short.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).parent.parent
RUNS: Final = {
    "e2e": ["tests/e2e", "tests/integration/identity"],
    "media": ["tests/media", "tests/load", "tests/unit", "tests/integration/feed", "tests/integration/pages"],
    "sync": ["tests/integration/sync", "tests/integration/together", "tests/integration/notifier"],
    "faults": ["tests/faults", "tests/integration/stack"],
}
NOTHING_CHOSEN: Final = 5  # pytest's code where no test was selected
ALIVE_S: Final = 60.0


def commands(arguments: list[str]) -> dict[str, list[str]]:
    """Return each run's command; the last run has what none of the others names."""
    named = [path for paths in RUNS.values() for path in paths]
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--short"]
    runs = {name: [*pytest, *paths, *arguments] for name, paths in RUNS.items()}
    return {**runs, "rest": [*pytest, *(f"--ignore={path}" for path in named), *arguments]}


def main(arguments: list[str]) -> int:
    """Run them all and give the exit code."""
    logs = ROOT / "build"
    logs.mkdir(exist_ok=True)
    began_s = told_s = time.monotonic()
    running: dict[str, tuple[subprocess.Popen[bytes], IO[bytes]]] = {}
    codes: list[int] = []
    try:
        for name, command in commands(arguments).items():
            output: IO[bytes] = (logs / f"test-{name}.log").open("wb")
            running[name] = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT), output
        while running:
            time.sleep(0.5)
            for name in [name for name, (process, _) in running.items() if process.poll() is not None]:
                process, output = running.pop(name)
                output.close()
                print(f"--- {name}, after {time.monotonic() - began_s:.0f} s", flush=True)
                sys.stdout.write((logs / f"test-{name}.log").read_text("utf-8", "replace"))
                sys.stdout.flush()
                codes.append(process.returncode)
            if time.monotonic() - told_s > ALIVE_S:
                told_s = time.monotonic()
                print(f"still running: {', '.join(running)} (build/test-*.log)", flush=True)
    finally:
        for process, _ in running.values():
            process.send_signal(signal.SIGINT)  # so that it ends what it has started
        for process, _ in running.values():
            process.wait()
    chosen = [0 if code == NOTHING_CHOSEN and arguments else abs(code) for code in codes]
    return max(chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
