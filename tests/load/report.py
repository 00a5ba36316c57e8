"""The figures of a run as a person and as a program read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.load.drive import Window
from tests.load.plan import OTHERS, Found, Memory
from tests.load.quiet import PEOPLE, Quiet
from tests.load.servers import Relay, SendLoop, Sync

Row = dict[str, Any]


def steady_rows(found: Found) -> list[Row]:
    """Return a row for each server of a shape: medians of its windows, and of its ratios to the others turn by turn."""
    rows = []
    for name, windows in found.steady.items():
        ramp = found.ramps[name]
        best = ramp.best
        rows.append(
            {
                "rooms": found.shape.rooms,
                "members": found.shape.members,
                "frame_bytes": found.frame_bytes,
                "server": name,
                "deliveries_per_s": round(median(window.per_second for window in windows)),
                "missing": sum(window.missing for window in windows),
                "errors": sum(window.errors for window in windows),
                "closed": sum(window.closed for window in windows),
                "others": _figure(windows, lambda window: window.others),
                "cpu_per_million_s": _figure(windows, lambda window: window.per_million),
                "kernel_share": _figure(windows, lambda window: window.kernel_share),
                "redis_per_million_s": _figure(windows, lambda window: window.beside_s / window.deliveries * 1e6),
                "times_c_loop": _ratio(windows, found.steady.get(SendLoop.name)),
                "times_relay": _ratio(windows, found.steady.get(Relay.name)),
                "p50_us": _figure(windows, lambda window: window.late(0.5) * 1e6),
                "p99_us": _figure(windows, lambda window: window.late(0.99) * 1e6),
                "most_per_s": 0 if best is None else round(best.per_second),
                "most_bound": ramp.bound,
                "most_core": 0.0 if best is None else round(best.core, 3),
                "most_per_million_s": 0.0 if best is None else round(best.per_million, 3),
                "most_p99_us": 0 if best is None else round(best.late(0.99) * 1e6),
                "most_load_core": 0.0 if best is None else round(best.load_core, 3),
            }
        )
    return rows


def _figure(windows: list[Window], of: Callable[[Window], float]) -> float:
    return round(median(of(window) for window in windows if window.deliveries), 3)


def _ratio(windows: list[Window], others: list[Window] | None) -> float | None:
    if others is None:
        return None
    return round(median(a.per_million / b.per_million for a, b in zip(windows, others, strict=True)), 3)


class Report:
    """Prints what is found as it is found, and keeps all of it for the JSON."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.memory: list[Row] = []
        self.quiet: list[Row] = []

    def shape(self, found: Found) -> None:
        """Take in and print a shape."""
        rows = steady_rows(found)
        self.rows += rows
        steady = f"at {found.plan.steady:,.0f} deliveries/s"
        most = f"the most, with p99 within {found.plan.late_most_s * 1e3:.0f} ms"
        print(
            f"\n{found.shape.rooms} rooms of {found.shape.members}, {found.frame_bytes} bytes a delivery"
            f"\n{'':14}|{steady:^56}|  {most}"
            f"\n{'':14}| {'cpu/M':>6} {'kernel':>7} {'x C loop':>9} {'x relay':>8} {'p50 us':>8} {'p99 us':>8}    "
            f"| {'per s':>9} {'core':>5} {'cpu/M':>6} {'p99 us':>7}  what bounds it",
            flush=True,
        )
        for row in rows:
            print(_steady_line(row), flush=True)
            if row["server"] == Sync.name:
                redis = row["redis_per_million_s"]
                print(f"{'  its Redis':14}| {redis:6.2f}{'':48} |", flush=True)

    def connections(self, name: str, found: Memory) -> None:
        """Take in and print what connections took."""
        if not self.memory:
            print(f"\n{found.connections} connections\n{'':14}| KiB each | CPU ms to join | joins/s", flush=True)
        self.memory.append(
            {
                "server": name,
                "connections": found.connections,
                "kib_each": round(found.bytes_each / 1024, 2),
                "join_cpu_ms": round(found.cpu_s_each * 1e3, 3),
                "joins_per_s": round(found.joins_per_second),
            }
        )
        row = self.memory[-1]
        print(f"{name:14}| {row['kib_each']:8.1f} | {row['join_cpu_ms']:14.2f} | {row['joins_per_s']:7,}", flush=True)

    def quiet_row(self, name: str, found: Quiet) -> None:
        """Take in and print what people took who only watched."""
        if not self.quiet:
            head = f"{'':14}| core per {PEOPLE:,} | its Redis | pings/s | asked/s"
            print(f"\nquiet: {found.viewers} viewers while nothing happens\n{head}", flush=True)
        row = {
            "server": name,
            "viewers": found.viewers,
            "core_per_10000": round(found.per_people(found.core), 4),
            "redis_core_per_10000": round(found.per_people(found.redis_core), 4),
            "pings_per_s": round(found.pings / found.seconds, 1),
            "unanswered": found.pings - found.answered,
            "asked_per_s": round(found.asked / found.seconds, 1),
            "events": found.events,
            "closed": found.closed,
        }
        self.quiet.append(row)
        print(
            f"{name:14}| {row['core_per_10000']:15.3f} | {row['redis_core_per_10000']:9.3f} "
            f"| {row['pings_per_s']:7} | {row['asked_per_s']:7}",
            flush=True,
        )

    def save(self, path: Path, **more: Any) -> None:
        """Write the figures as JSON."""
        figures = {**more, "fan_out": self.rows, "memory": self.memory, "quiet": self.quiet}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(figures, indent=1) + "\n")


def _steady_line(row: Row) -> str:
    times = [f"{value:.2f}" if value is not None else "" for value in (row["times_c_loop"], row["times_relay"])]
    trouble = [f"{row[name]} {name}" for name in ("missing", "errors", "closed") if row[name]]
    if row["others"] >= OTHERS:
        trouble.append(f"other programs took {row['others']:.0%} of the cores")
    return (
        f"{row['server']:14}| {row['cpu_per_million_s']:6.2f} {row['kernel_share']:7.0%} {times[0]:>9} {times[1]:>8} "
        f"{row['p50_us']:8.0f} {row['p99_us']:8.0f}    "
        f"| {row['most_per_s']:9,} {row['most_core']:5.0%} {row['most_per_million_s']:6.2f} {row['most_p99_us']:7,}"
        f"  {row['most_bound']}" + (f"  [{', '.join(trouble)}]" if trouble else "")
    )
