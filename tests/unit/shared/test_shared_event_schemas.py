"""docs/events/: generated from the schemas that read the events, and as strict as they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared import broker
from shared.event_schemas import text, write
from shared.events import journal, rooms
from shared.events.envelope import SCHEMAS, InvalidEvent, decode, encode, new_event
from tests.support import event_contract
from tests.support.event_contract import FOLDER, complaints, decode_and_check
from tests.unit.shared.test_shared_events import MOMENT, ROOM, VALID


def whole(type_: str, **changes: Any) -> dict[str, Any]:
    """A good event as JSON, with changes to its data."""
    raw: dict[str, Any] = json.loads(encode(new_event(type_, ROOM, VALID[type_], source="test", time=MOMENT)))
    return {**raw, "data": {**raw["data"], **changes}}


def test_the_files_are_what_the_schemas_say() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {f"{type_}.json" for type_ in SCHEMAS}
    stale = [type_ for type_ in SCHEMAS if (FOLDER / f"{type_}.json").read_text("utf-8") != text(type_)]
    assert stale == [], "stale: run make events"


def test_writing_them_removes_the_file_of_an_event_that_is_no_more(tmp_path: Path) -> None:
    (tmp_path / "room.exploded.v1.json").write_text("{}")

    write(tmp_path)

    assert {file.stem for file in tmp_path.iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize("type_", sorted(VALID))
def test_a_good_event_fits_and_a_reader_bears_what_a_later_version_adds(type_: str) -> None:
    assert complaints(type_, whole(type_)) == []
    assert complaints(type_, {**whole(type_, mood="good"), "traceparent": "00-…"}) == []


@pytest.mark.parametrize("type_", sorted(VALID))
def test_what_lacks_a_field_or_is_another_event_does_not_fit(type_: str) -> None:
    good = whole(type_)
    for name in VALID[type_]:
        assert complaints(type_, {**good, "data": {key: value for key, value in good["data"].items() if key != name}})
    for name in ("specversion", "id", "source", "type", "time", "data"):
        assert complaints(type_, {key: value for key, value in good.items() if key != name})
    assert complaints(type_, {**good, "type": "room.exploded.v1"})


@pytest.mark.parametrize(
    ("type_", "change"),
    [
        (rooms.ROOM_CHANGED, {"changes": {"capacity": 1}}),
        (journal.MEMBER_CHANGED, {"role": "owner"}),
        (journal.CHAT_POSTED, {"reply_to": ""}),
        (journal.CHAT_POSTED, {"author_id": "nobody"}),
        (journal.PLAYBACK_CHANGED, {"playback": {"status": "paused", "position_ms": 0, "rate": 0, "at_ms": 1}}),
        (rooms.SESSION_ENDED, {"sessions": []}),
        ("feed.film.v1", {"titles": {}}),
        ("feed.film.v1", {"titles": {"English": "Paper Whales"}}),
        ("feed.person.v1", {"name": None}),
    ],
)
def test_a_value_outside_its_bounds_fits_neither_the_file_nor_the_reader(type_: str, change: dict[str, Any]) -> None:
    raw = whole(type_, **change)

    assert complaints(type_, raw)
    with pytest.raises(InvalidEvent):
        decode(json.dumps(raw).encode())


def test_what_the_tests_receive_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_contract, "violations", [])
    # A reader takes no offence at what a publisher says of the content beside the contract; the schema does.
    odd = {**whole(rooms.ROOM_CLOSED), "datacontenttype": "text/plain"}

    decode_and_check(json.dumps(whole(rooms.ROOM_CLOSED)).encode())
    assert event_contract.violations == []
    decode_and_check(json.dumps(odd).encode())
    assert len(event_contract.violations) == 1
    assert getattr(broker, "decode") is decode_and_check  # noqa: B009 - it is the broker's own
