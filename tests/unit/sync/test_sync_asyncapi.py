"""docs/asyncapi.json: generated from the schemas, and strict enough that the tests hold every message against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from jsonschema import Draft202012Validator

from sync_service.protocol import asyncapi
from sync_service.protocol.client_messages import CLIENT
from sync_service.protocol.codes import ERRORS, CloseCode
from sync_service.protocol.inbound import BadMessage, parse
from sync_service.protocol.server_messages import SERVER
from tests.support.clients import Disconnected, RoomClient
from tests.support.room_contract import DOCUMENT, BrokenContract, check, complaint_about, messages, resolved

FILE = Path(__file__).parents[3] / "docs" / "asyncapi.json"
MESSAGES: dict[str, dict[str, Any]] = DOCUMENT["components"]["messages"]
EXAMPLES = [(name, one["payload"]) for name, message in MESSAGES.items() for one in message.get("examples", ())]
# Values at and beyond the bounds that fields have, of every type.
VALUES: list[Any] = [
    *(True, False, 0, 1, -1, 2, 49, 50, 100, 101, 200, 201, 300, 301, 60_000, 60_001, 86_400, 86_401, 2**53, 2**53 + 1),
    *(0.25, 0.5, 4.5, -0.5, 1e15 + 0.5, [], [0], [1, 2], [-1], [True], ["1"], [1] * 16, [1] * 17, {}, {"a": 1}),
    *(
        "",
        "1",
        "x" * 32,
        "x" * 33,
        "x" * 64,
        "x" * 65,
        "x" * 16_384,
        "x" * 16_385,
        "кит",
        "viewer",
        "owner",
        "everyone",
    ),
]
PONG = {"type": "pong", "t0": 1.5, "t1": 2, "t2": 3}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def test_the_file_is_what_the_schemas_say() -> None:
    assert FILE.read_text() == asyncapi.text(), "stale: run make asyncapi"


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > len(MESSAGES)
    for reference in found:
        assert resolved(reference)


def test_every_message_goes_in_its_direction() -> None:
    assert [message["name"] for message in messages("sent")] == list(CLIENT)
    assert sorted(message["name"] for message in messages("received")) == sorted(SERVER)


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_described(name: str) -> None:
    message = MESSAGES[name]
    Draft202012Validator.check_schema(message["payload"])
    assert message["summary"].endswith(".")
    assert message["payload"]["properties"]["type"] == {"const": message["name"]}


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_value_is_described(name: str) -> None:
    assert DOCUMENT["components"]["schemas"][name]["description"].endswith(".")


@pytest.mark.parametrize(("name", "payload"), EXAMPLES)
def test_every_example_is_such_a_message(name: str, payload: dict[str, Any]) -> None:
    sent = any(message is MESSAGES[name] for message in messages("sent"))
    check("sent" if sent else "received", json.dumps(payload))


def test_all_codes_stand_in_it() -> None:
    assert DOCUMENT["x-error-codes"] == ERRORS
    assert DOCUMENT["x-close-codes"] == {str(int(code)): code.name.lower() for code in CloseCode}


def accepted(text: str) -> bool:
    with suppress(BadMessage):
        parse(text)
        return True
    return False


@pytest.mark.parametrize(("name", "payload"), [(n, p) for n, p in EXAMPLES if p["type"] in CLIENT and n != "IsTyping"])
def test_the_document_and_the_server_agree_on_every_field(name: str, payload: dict[str, Any]) -> None:
    verdicts = set()
    for field in MESSAGES[name]["payload"]["properties"].keys() - {"type"}:
        without = {key: value for key, value in payload.items() if key != field}
        for message in (without, *({**payload, field: value} for value in VALUES)):
            text = json.dumps(message)
            verdicts.add(accepted(text))
            assert accepted(text) is (complaint_about("sent", text) is None), text[:300]
    assert verdicts in ({True, False}, set())  # `typing` has no field


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"type":"pong","t0":1,"t1":2,"t2":3,"t4":4}', "t4"),
        ('{"type":"pong","t0":1,"t1":2}', "t2"),
        ('{"type":"pong","t0":NaN,"t1":2,"t2":3}', "NaN"),
        ('{"type":"play","id":"1"}', "no message of this direction"),
        ('{"type":"rejoiced"}', "no message of this direction"),
        ('{"type":"error","code":"weather","message":"Rain.","id":null}', "weather"),
        ("[]", "no message of this direction"),
        ("pong", "not JSON"),
    ],
)
def test_a_message_that_the_document_does_not_know_is_told(text: str, complaint: str) -> None:
    with pytest.raises(BrokenContract, match=complaint):
        check("received", text)


def test_only_the_server_may_be_told_more_than_the_document_knows() -> None:
    check("sent", '{"type":"play","id":"1","mood":"merry"}')


async def test_a_client_of_the_tests_fails_on_a_message_that_breaks_the_contract() -> None:
    async def serve(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_json(PONG)
        await ws.receive()
        await ws.send_json({**PONG, "mood": "merry"})
        await ws.receive()
        return ws

    app = web.Application()
    app.router.add_get("/", serve)
    async with TestServer(app) as server:
        client = RoomClient(str(server.make_url("/")))
        await client.open()
        await client.expect("pong")
        with pytest.raises(BrokenContract, match="sent seek"):
            await client.send({"type": "seek", "id": "1", "position_ms": "far"})
        await client.send({"type": "ping", "t0": 1.5})
        with pytest.raises(BrokenContract, match="mood"):
            await client.expect("pong")
        await client.drop()

        careless = RoomClient(str(server.make_url("/")))
        await careless.open()
        await careless.expect("pong")
        await careless.send({"type": "ping", "t0": 1.5})
        with suppress(Disconnected):
            await careless.until(lambda: len(careless.received) > 1 or careless._failure is not None)
        with pytest.raises(BrokenContract, match="mood"):
            await careless.drop()
