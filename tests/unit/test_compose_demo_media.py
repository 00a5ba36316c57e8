"""The committed films and posters are what `films.json` says, and fit for the web."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

DEMO_DIR = Path(__file__).parents[2] / "deploy/demo"
FILMS: list[dict[str, Any]] = json.loads((DEMO_DIR / "films.json").read_text())
VIEWERS: list[dict[str, Any]] = json.loads((DEMO_DIR / "viewers.json").read_text())
FRAME_MS = 1000 / 24


def boxes(data: bytes) -> dict[str, bytes]:
    """The boxes of an MP4 (ISO/IEC 14496-12, section 4.2) at one level, in their order."""
    found = {}
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        found[kind.decode()] = data[8:size]
        data = data[size:]
    return found


def duration_ms(media: Path) -> float:
    if media.suffix == ".m3u8":
        return 1000 * sum(
            float(line.removeprefix("#EXTINF:").rstrip(","))
            for line in media.read_text().splitlines()
            if line.startswith("#EXTINF:")
        )
    # mvhd version 0: version and flags, created, modified, timescale, duration.
    timescale, duration = struct.unpack(">II", boxes(boxes(media.read_bytes())["moov"])["mvhd"][12:20])
    return float(1000 * duration / timescale)


def files(film: dict[str, Any]) -> list[Path]:
    media = DEMO_DIR / "media" / film["media"]
    return list(media.parent.iterdir()) if media.suffix == ".m3u8" else [media]


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film["slug"])
def test_a_film_is_as_long_as_said_and_small(film: dict[str, Any]) -> None:
    assert duration_ms(DEMO_DIR / "media" / film["media"]) == pytest.approx(film["duration_ms"], abs=FRAME_MS)
    assert 90_000 <= film["duration_ms"] <= 180_000
    assert sum(file.stat().st_size for file in files(film)) < 920_000
    assert (DEMO_DIR / "media" / film["poster"]).stat().st_size < 60_000


@pytest.mark.parametrize(
    "film", [film for film in FILMS if film["media"].endswith(".mp4")], ids=lambda film: film["slug"]
)
def test_a_film_can_start_before_it_is_loaded(film: dict[str, Any]) -> None:
    order = list(boxes((DEMO_DIR / "media" / film["media"]).read_bytes()))
    assert order.index("moov") < order.index("mdat")


def test_one_film_is_a_stream_whose_pieces_are_all_there() -> None:
    (stream,) = [film for film in FILMS if film["media"].endswith(".m3u8")]
    playlist = DEMO_DIR / "media" / stream["media"]
    named = {line for line in playlist.read_text().splitlines() if line and not line.startswith("#")}
    assert len(named) > 3
    assert {file.name for file in playlist.parent.iterdir()} == {*named, "init.mp4", playlist.name}


def test_viewers_name_each_other_as_friends_and_have_reserved_addresses() -> None:
    friends = {viewer["sub"]: set(viewer["friends"]) for viewer in VIEWERS}
    assert all(one in friends[other] for one, others in friends.items() for other in others)
    assert all(viewer["email"].endswith("@example.com") for viewer in VIEWERS)  # RFC 2606, section 3
    assert {viewer["locale"] for viewer in VIEWERS} == {"ru", "en"}
