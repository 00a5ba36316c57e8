"""What a frame may say."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_service.protocol import inbound, outbound
from sync_service.protocol.client_messages import CLIENT
from sync_service.protocol.codes import ERRORS
from sync_service.protocol.inbound import BadMessage, parse, read_any, read_plain
from tests.support.room_contract import messages

EXAMPLES: dict[str, dict[str, Any]] = {
    message["name"]: example["payload"] for message in messages("sent") for example in message["examples"]
}


@pytest.mark.parametrize("type_", CLIENT)
def test_every_message_is_read_as_it_was_written(type_: str) -> None:
    message = EXAMPLES[type_]
    spoken = {"protocol": [1]} if type_ == "hello" else {}
    assert parse(json.dumps({**message, "unknown": {"nested": [1, None]}})) == {**message, **spoken}


@pytest.mark.parametrize("type_", CLIENT)
def test_what_is_missing_is_named(type_: str) -> None:
    for name, field in CLIENT[type_].fields.items():
        if field.required:
            with pytest.raises(BadMessage, match=f"{name}: is required"):
                parse(json.dumps({key: value for key, value in EXAMPLES[type_].items() if key != name}))


@pytest.mark.parametrize("version", [1, [1], [7, 1]])
def test_a_client_names_the_versions_that_it_speaks(version: Any) -> None:
    hello = parse(json.dumps({"type": "hello", "ticket": "t", "protocol": version}))
    assert hello["protocol"] == (version if isinstance(version, list) else [version])


def test_a_field_that_is_null_is_one_left_out() -> None:
    assert parse('{"type":"say","id":"1","text":"hi","reply_to":null}') == {"type": "say", "id": "1", "text": "hi"}


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 18, "9" * 5_000, '"1"', "true", "1e300"]
)
def test_a_number_is_a_finite_one_within_its_bounds(number: str) -> None:
    with pytest.raises(BadMessage):
        parse(f'{{"type":"seek","id":"1","position_ms":{number}}}')


@pytest.mark.parametrize("extra", ['"id":"2"', '"more":' + "[" * 9 + "]" * 9, '"more":' + "[" * 5_000 + "]" * 5_000])
def test_a_message_that_readers_could_take_differently_is_refused(extra: str) -> None:
    with pytest.raises(BadMessage):
        parse(f'{{"type":"play","id":"1",{extra}}}')


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udfff!"'])
def test_a_text_is_one_that_can_be_sent_on(text: str) -> None:
    with pytest.raises(BadMessage):
        parse(f'{{"type":"say","id":"1","text":{text}}}')


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
_fields = st.sampled_from(["id", "t0", "text", "rate", "seq", "protocol", "member_id", "seconds", "hold", "limit"])


@given(st.sampled_from(list(CLIENT)), st.dictionaries(_fields, _json))
def test_no_object_surprises_the_parser(type_: str, fields: dict[str, Any]) -> None:
    with suppress(BadMessage):
        message = parse(json.dumps({"type": type_, **fields}))
        assert set(message) <= {"type", *CLIENT[type_].fields}


KEYS = ('"a"', '"\\u0061"', '"b:"', '"id"', '" type "')
VALUES = (
    *(
        "1",
        "-1",
        "1.5",
        "1e2",
        "-0.0",
        "1e400",
        "-1e400",
        "9" * 16,
        "-" + "9" * 16,
        "9" * 18,
        "9" * 20,
        "9" * 19,
        "9" * 400,
    ),
    *('"x"', '":"', '"\\ud800"', '"\\"a\\":1"', "true", "null", "NaN", "[]", '{"a":1}', '{"a":1,"a":2}', "", "'x'"),
)


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=4))
def test_what_is_read_the_short_way_is_what_the_careful_one_reads(pairs: list[tuple[str, str]]) -> None:
    text = "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"
    short = read_plain(text)
    assert short is None or repr(short) == repr(read_any(text))


@pytest.mark.parametrize("type_", ["play", "seek", "say", "ping", "report"])
def test_what_players_send_is_read_the_short_way(type_: str) -> None:
    assert read_plain(json.dumps(EXAMPLES[type_])) is not None


NUMBERS = [
    "0",
    "-1",
    "1e15",
    "-1e15",
    "1.1e15",
    "60000",
    "60000.5",
    "1000000000",
    "1e9",
    "-1e9",
    "2e9",
    "true",
    "null",
    '"5"',
]
WATCHING = {"ping": ["t0", "rtt_ms"], "report": ["skew_ms", "position_ms", "ready", "id"]}


@given(type_=st.sampled_from(list(WATCHING)), data=st.data())
def test_what_watchers_send_is_read_without_a_schema_as_by_its_schema(type_: str, data: st.DataObject) -> None:
    fields = data.draw(st.dictionaries(st.sampled_from(WATCHING[type_]), st.sampled_from(NUMBERS)))
    text = "{" + ",".join([f'"type":"{type_}"', *(f'"{name}":{value}' for name, value in fields.items())]) + "}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbound, "_QUICK", {})
        by_schema = _outcome(text)
    assert _outcome(text) == by_schema


def test_a_ping_and_a_skew_touch_no_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound, "_FIELDS", {})
    assert parse('{"type":"ping","t0":1.5,"rtt_ms":20}') == {"type": "ping", "t0": 1.5, "rtt_ms": 20}
    assert parse('{"type":"report","skew_ms":-3.1,"position_ms":5}')["skew_ms"] == -3.1


def _outcome(text: str) -> Any:
    try:
        return parse(text)
    except BadMessage as error:
        return error.code, str(error)


def test_errors_speak_in_sentences() -> None:
    for code, sentence in ERRORS.items():
        assert re.fullmatch(r"[a-z_]+", code)
        assert sentence.endswith(".")
        assert json.loads(outbound.error(code)) == {"type": "error", "code": code, "message": sentence, "id": None}
