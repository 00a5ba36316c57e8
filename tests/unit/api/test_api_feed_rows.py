"""Rows of the feed: whatever a line holds, it is read or refused with its field, and nothing else happens."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api_service.usecases.feed.rows import FEEDS, read
from shared.feed import SOURCE_KINDS

ISSUER = "https://accounts.example"
MOMENT = "2026-01-01T00:00:00Z"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MOMENTS = st.datetimes(timezones=st.timezones()).map(datetime.isoformat) | st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30T00:00:00Z", "2026-01-01", MOMENT]
)
ADDRESSES = st.sampled_from(
    ["https://a.example/x", "http://a:99999/", "http://[::1/", "https://é.example", "ftp://a.example", "http://a b/"]
)
WILD = JSON | MOMENTS | ADDRESSES
ROW = st.dictionaries(
    st.sampled_from(sorted({name for feed in FEEDS.values() for name in feed.schema.fields})), WILD, max_size=6
)
GOOD: dict[str, dict[str, Any]] = {
    "films": {"external_id": "a", "updated_at": MOMENT, "titles": {"en": "A"}},
    "people": {"subject": "anna", "updated_at": MOMENT, "name": "Anna"},
    "friendships": {"subject": "anna", "friend": "boris", "updated_at": MOMENT},
    "wishes": {"subject": "anna", "film": "a", "updated_at": MOMENT},
}


@given(kind=st.sampled_from(sorted(FEEDS)), changes=ROW, whole=st.booleans())
@example(kind="films", changes={"poster_url": "http://a:99999/"}, whole=True)
@example(kind="films", changes={"available_until": "9999-12-31T23:59:59-12:00"}, whole=True)
@example(kind="people", changes={"updated_at": "0001-01-01T00:00:00+14:00"}, whole=True)
@example(kind="people", changes={"time_zone": "../etc/passwd"}, whole=True)
def test_no_row_whatever_it_holds_breaks_the_others(kind: str, changes: dict[str, Any], whole: bool) -> None:
    feed = FEEDS[kind]
    try:
        line = orjson.dumps({**(GOOD[kind] if whole else {}), **changes})
    except (TypeError, ValueError):  # what JSON in UTF-8 cannot say, nobody sends
        return

    taken = read(feed, line, ISSUER)

    if taken.values is None:
        assert taken.outcome is not None
        assert taken.outcome.problem is not None
        assert taken.outcome.problem.detail
    else:
        record = orjson.dumps(feed.record(taken.values, 0))
        assert b"\\u0000" not in record
        assert feed.key_of(taken.values)


@given(line=st.binary(max_size=60))
def test_no_line_whatever_it_holds_breaks_the_others(line: bytes) -> None:
    for feed in FEEDS.values():
        taken = read(feed, line, ISSUER)
        assert (taken.values is None) == (taken.outcome is not None)


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("films", {"titles": {"english": "A"}}, "titles.english.key"),
        ("films", {"titles": {"en": ""}}, "titles.en.value"),
        ("films", {"sources": [{"kind": "vhs", "url": "https://a.example"}]}, "sources.0.kind"),
        ("films", {"sources": [{"kind": "hls"}]}, "sources.0.url"),
        ("films", {"captions": [{"language": "de", "url": "https://a.example"}]}, "captions.0.label"),
        ("films", {"duration_ms": 0}, "duration_ms"),
        ("films", {"duration_ms": 24 * 3_600_000 + 1}, "duration_ms"),
        ("films", {"genres": ["x"] * 101}, "genres"),
        ("films", {"available_from": "2026-01-02T00:00:00Z", "available_until": MOMENT}, "available_until"),
        ("films", {"updated_at": "2026-01-01T00:00:00"}, "updated_at"),
        ("films", {"deleted": "yes"}, "deleted"),
        ("people", {"name": None}, "name"),
        ("people", {"name": "two\nlines"}, "name"),
        ("people", {"email": "nowhere"}, "email"),
        ("people", {"time_zone": "Mars/Olympus"}, "time_zone"),
        ("people", {"picture_url": "/relative"}, "picture_url"),
        ("people", {"subject": ""}, "subject"),
        ("friendships", {"friend": "anna"}, "friend"),
        ("wishes", {"film": None}, "film"),
    ],
)
def test_a_wrong_field_is_named(kind: str, change: dict[str, Any], field: str) -> None:
    taken = read(FEEDS[kind], orjson.dumps({**GOOD[kind], **change}), ISSUER)

    assert taken.outcome is not None
    assert taken.outcome.problem is not None
    assert taken.outcome.problem.field == field


def test_names_of_any_script_are_taken() -> None:
    for name in ("Ёлка\u00a0№5", "देवनागरी", "👩‍👩‍👧", "שלום \u200f"):
        assert read(FEEDS["people"], orjson.dumps({**GOOD["people"], "name": name}), ISSUER).values is not None


@pytest.mark.parametrize("kinds", [("dash", "hls", "file"), ("file", "dash"), ("dash",), ()])
def test_our_own_page_plays_what_it_can_and_the_best_first(kinds: tuple[str, ...]) -> None:
    addresses = [{"kind": kind, "url": f"https://{kind}{number}.example/"} for number in (1, 2) for kind in kinds]
    taken = read(FEEDS["films"], orjson.dumps({**GOOD["films"], "sources": addresses}), ISSUER)
    assert taken.values is not None

    record = FEEDS["films"].record(taken.values, 0)

    best = next((kind for kind in ("hls", "file", "dash") if kind in kinds), None)
    assert record["media_url"] == (None if best is None else f"https://{best}1.example/")
    assert set(kinds) <= set(SOURCE_KINDS)


def test_a_version_may_be_of_this_moment() -> None:
    now = datetime.now(UTC).isoformat()

    assert read(FEEDS["wishes"], orjson.dumps({**GOOD["wishes"], "updated_at": now}), ISSUER).values is not None
