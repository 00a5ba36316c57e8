"""What a frame may say."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_service import protocol
from sync_service.protocol import ERRORS, INBOUND, BadMessage, CloseCode, parse

DOCUMENT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()

EXAMPLES: dict[str, dict[str, Any]] = {
    "hello": {"protocol": 1, "ticket": "t", "resume": "r", "epoch": 1, "seq": 2, "hash": "h"},
    "ping": {"t0": 1.25, "rtt_ms": 30},
    "play": {"id": "1"},
    "pause": {"id": "1"},
    "seek": {"id": "1", "position_ms": 12.5},
    "set_rate": {"id": "1", "rate": 1.5},
    "say": {"id": "1", "text": "привет"},
    "report": {"id": "1", "ready": True, "buffering": False, "position_ms": 5, "skew_ms": -1.5},
    "leave": {"id": "1"},
}


@pytest.mark.parametrize("type_", INBOUND)
def test_every_message_is_read_as_it_was_written(type_: str) -> None:
    message = {"type": type_, **EXAMPLES[type_]}
    assert parse(json.dumps({**message, "unknown": {"nested": [1, None]}})) == message


@pytest.mark.parametrize("type_", INBOUND)
def test_every_field_is_checked(type_: str) -> None:
    for name, field in INBOUND[type_].items():
        wrongs: list[Any] = [{}, [], "" if name != "ready" else 1, "x" * 20_000]
        for wrong in wrongs:
            with pytest.raises(BadMessage) as refusal:
                parse(json.dumps({"type": type_, **EXAMPLES[type_], name: wrong}))
            assert refusal.value.code == "bad_message"
        if field.required:
            with pytest.raises(BadMessage, match=f"{name}: is required"):
                parse(json.dumps({"type": type_, **{k: v for k, v in EXAMPLES[type_].items() if k != name}}))


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 18, '"1"', "true", "1e300"]
)
def test_a_number_is_a_finite_one_within_its_bounds(number: str) -> None:
    with pytest.raises(BadMessage):
        parse(f'{{"type":"seek","id":"1","position_ms":{number}}}')


def test_a_refused_command_is_named_by_its_id() -> None:
    with pytest.raises(BadMessage) as refusal:
        parse('{"type":"seek","id":"mine","position_ms":"far"}')
    assert refusal.value.id == "mine"


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_surprises_the_parser(text: str) -> None:
    with suppress(BadMessage):
        parse(text)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=20,
)


@given(st.sampled_from(list(INBOUND)), st.dictionaries(st.sampled_from(["id", "t0", "text", "rate", "seq"]), _json))
def test_no_object_surprises_the_parser(type_: str, fields: dict[str, Any]) -> None:
    with suppress(BadMessage):
        message = parse(json.dumps({"type": type_, **fields}))
        assert set(message) <= {"type", *INBOUND[type_]}


def test_errors_speak_in_sentences() -> None:
    for code, sentence in ERRORS.items():
        assert re.fullmatch(r"[a-z_]+", code)
        assert sentence.endswith(".")
        assert json.loads(protocol.error(code)) == {"type": "error", "code": code, "message": sentence, "id": None}


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_code_is_documented(code: str) -> None:
    assert f"| `{code}` |" in DOCUMENT


@pytest.mark.parametrize("code", CloseCode)
def test_every_close_code_is_documented(code: CloseCode) -> None:
    assert f"| {int(code)} | `{code.name.lower()}` |" in DOCUMENT


@pytest.mark.parametrize("type_", INBOUND)
def test_every_message_and_field_is_documented(type_: str) -> None:
    section = DOCUMENT.split(f"### `{type_}`", 1)[1].split("\n#", 1)[0]
    for name in INBOUND[type_]:
        assert f"`{name}`" in section
