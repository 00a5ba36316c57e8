"""Playlists of streams that are still being made: the segments of a finished one, told as time passes."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

# So much was there when the first viewer asked.
BEFORE_S: Final = 12.0
# A sliding window keeps so many segments.
WINDOW: Final = 6
PARTS_A_SEGMENT: Final = 4


def playlist(how: str, finished: str, began_s: float, now_s: float) -> str:
    """Return what a finished playlist looked like ``now_s - began_s`` after its first viewer came.

    ``how`` is "event" (grows from its beginning), "sliding" (a window) or "parts" (a window with partial segments).
    """
    items = re.findall(r"#EXTINF:([\d.]+),.*\n(\S+)", finished)
    init = "".join(re.findall(r"#EXT-X-MAP:.*\n", finished))
    if how == "parts":
        return _parts(items, init, began_s, now_s)
    there, at_s = [], 0.0
    for length, name in items:
        at_s += float(length)
        if at_s > now_s - began_s + BEFORE_S:
            break
        there.append((at_s - float(length), float(length), name))
    first = max(0, len(there) - WINDOW) if how == "sliding" else 0
    head = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:3", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
    head += ["#EXT-X-PLAYLIST-TYPE:EVENT"] if how == "event" else []
    lines = []
    for start_s, length, name in there[first:]:
        lines += [_date(began_s + start_s), f"#EXTINF:{length},", name]
    ended = ["#EXT-X-ENDLIST"] if how == "event" and len(there) == len(items) else []
    return "\n".join([*head, *([init.strip()] if init else []), *lines, *ended, ""])


def manifest(finished: str, began_s: float) -> str:
    """Return a DASH manifest as that of a stream of which BEFORE_S were there at ``began_s``; players add the rest."""
    start, now = (datetime.fromtimestamp(at_s, UTC).isoformat() for at_s in (began_s - BEFORE_S, time.time()))
    live = (
        f'type="dynamic" availabilityStartTime="{start}" publishTime="{start}" minimumUpdatePeriod="PT2S" '
        f'timeShiftBufferDepth="PT{2 * WINDOW}S" suggestedPresentationDelay="PT4S"'
    )
    shown = re.sub(r'\s(?:mediaPresentationDuration|duration)="PT[^"]*"', "", finished)
    clock = f'<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="{now}"/>'
    return shown.replace('type="static"', live).replace("</MPD>", f"{clock}</MPD>")


def _date(at_s: float) -> str:
    return f"#EXT-X-PROGRAM-DATE-TIME:{datetime.fromtimestamp(at_s - BEFORE_S, UTC).isoformat(timespec='milliseconds')}"


def _parts(items: list[tuple[str, str]], init: str, began_s: float, now_s: float) -> str:
    part_s = float(items[0][0])
    there = items[: int((now_s - began_s + BEFORE_S) / part_s)]
    whole = len(there) // PARTS_A_SEGMENT
    first = max(0, whole - WINDOW)
    lines = []
    for segment in range(first, whole + 1):
        parts = there[segment * PARTS_A_SEGMENT : (segment + 1) * PARTS_A_SEGMENT]
        lines.append(_date(began_s + segment * PARTS_A_SEGMENT * part_s))
        lines += [f'#EXT-X-PART:DURATION={length},INDEPENDENT=YES,URI="{name}"' for length, name in parts]
        if segment < whole:
            lines += [f"#EXTINF:{sum(float(length) for length, _ in parts):.3f},", f"segment{segment}.m4s"]
    head = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{round(part_s * PARTS_A_SEGMENT)}",
        f"#EXT-X-MEDIA-SEQUENCE:{first}",
        f"#EXT-X-PART-INF:PART-TARGET={part_s}",
        f"#EXT-X-SERVER-CONTROL:PART-HOLD-BACK={3 * part_s}",
        init.strip(),
    ]
    return "\n".join([*head, *lines, ""])


def joined_parts(folder: Path, file: str) -> bytes | None:
    """Return the bytes of a whole segment of a stream in parts, or None if ``file`` is no such segment."""
    if not (found := re.fullmatch(r"segment(\d+)\.m4s", file)):
        return None
    first = int(found[1]) * PARTS_A_SEGMENT
    return b"".join((folder / f"film{number}.m4s").read_bytes() for number in range(first, first + PARTS_A_SEGMENT))
