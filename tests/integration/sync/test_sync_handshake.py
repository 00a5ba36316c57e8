"""Whom and what the handshake lets in: tickets, origins, frames."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import aiohttp
import pytest

from shared.texts import CODE_POINTS, GRAPHEMES
from sync_service.protocol.messages import FRAME_BYTES
from tests.support.clients import Disconnected, RoomClient
from tests.support.sync_fixtures import NEVER_MS, ORIGIN, Cinema, Crowd, SyncNode, person

Room = dict[str, Any]


async def refused(client: RoomClient, ticket: str) -> tuple[str, int]:
    """The error code and the close code that a ticket is answered with."""
    with pytest.raises(Disconnected) as ended:
        await client.hello(ticket)
    error = await client.expect("error")
    assert error["message"]
    assert ended.value.code is not None
    return error["code"], ended.value.code


async def test_an_expired_ticket_is_refused(node: SyncNode, crowd: Crowd, cinema: Cinema, room: Room) -> None:
    old = cinema.ticket(room, now_s=time.time() - 60)
    assert await refused(crowd.stranger(node, room), old) == ("ticket_expired", 4401)


async def test_a_ticket_is_good_for_one_handshake_on_whichever_node(
    nodes: tuple[SyncNode, SyncNode], crowd: Crowd, cinema: Cinema, room: Room
) -> None:
    ticket = cinema.ticket(room)
    await crowd.stranger(nodes[0], room).hello(ticket)
    for node in nodes:
        assert await refused(crowd.stranger(node, room), ticket) == ("ticket_reused", 4401)


async def test_a_ticket_signed_by_someone_else_is_refused(
    node: SyncNode, crowd: Crowd, cinema: Cinema, room: Room
) -> None:
    user = {"id": person(), "name": "Eve", "role": "owner"}
    forged = cinema.forger.mint(user=user, room=room)
    assert await refused(crowd.stranger(node, room), forged) == ("ticket_invalid", 4401)


async def test_a_ticket_for_another_partition_is_refused(
    node: SyncNode, crowd: Crowd, cinema: Cinema, room: Room
) -> None:
    elsewhere = cinema.ticket({**room, "partition": room["partition"] + 1})
    assert await refused(crowd.stranger(node, room), elsewhere) == ("ticket_invalid", 4401)


async def test_a_page_of_another_origin_gets_no_socket(node: SyncNode, crowd: Crowd, room: Room) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await crowd.stranger(node, room, origin="https://evil.example").open()
    assert refusal.value.status == 403


@pytest.mark.parametrize("origin", [None, ORIGIN])
async def test_our_pages_and_what_is_no_browser_get_one(
    node: SyncNode, crowd: Crowd, cinema: Cinema, room: Room, origin: str | None
) -> None:
    client = await crowd.stranger(node, room, origin=origin).hello(cinema.ticket(room))
    assert client.welcome["mode"] == "snapshot"


async def test_there_is_no_socket_for_a_partition_that_is_none(node: SyncNode, crowd: Crowd, room: Room) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await crowd.stranger(node, {**room, "partition": 64}).open()
    assert refusal.value.status == 404


async def test_who_says_nothing_is_sent_away(node: SyncNode, crowd: Crowd, room: Room) -> None:
    started = time.monotonic()
    client = await crowd.stranger(node, room).open()
    assert await client.closed() == 4408
    assert time.monotonic() - started > 4.9


async def test_the_best_version_that_both_sides_speak_is_taken(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.stranger(node, room).open()
    await client.send({"type": "hello", "protocol": [3, 1, 2], "ticket": crowd.ticket(room)})
    await client.until(lambda: bool(client.welcome))
    assert client.welcome["protocol"] == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"type":"play","id":"1"}', "hello_expected"),
        ('{"type":"hello","protocol":2,"ticket":"x"}', "unsupported_protocol"),
        ('{"type":"hello","protocol":[2,3],"ticket":"x"}', "unsupported_protocol"),
        ('{"type":"hello","protocol":[],"ticket":"x"}', "bad_message"),
        ('{"type":"hello","protocol":1}', "bad_message"),
        ('{"type":"hello","protocol":1,"ticket":"x","resume":"y"}', "bad_message"),
        ("no json", "bad_message"),
        ("[]", "bad_message"),
    ],
)
async def test_a_hello_that_is_none_ends_the_connection(
    node: SyncNode, crowd: Crowd, room: Room, text: str, code: str
) -> None:
    client = await crowd.stranger(node, room).open()
    await client.send_raw(text)
    assert await client.closed() == 4400
    assert [message["code"] for message in client.received] == [code]


BAD_MESSAGES = {
    "cut off": ('{"type":"play","id":"1"', "bad_message"),
    "an array": ('["play"]', "bad_message"),
    "NaN": ('{"type":"seek","id":"1","position_ms":NaN}', "bad_message"),
    "Infinity": ('{"type":"seek","id":"1","position_ms":Infinity}', "bad_message"),
    "a float beyond all floats": ('{"type":"seek","id":"1","position_ms":1e999}', "bad_message"),
    "a huge integer": (f'{{"type":"seek","id":"1","position_ms":{"9" * 5_000}}}', "bad_message"),
    "a key twice": ('{"type":"seek","id":"1","position_ms":1,"position_ms":2}', "bad_message"),
    "deep nesting": (f'{{"type":"play","id":"1","extra":{"[" * 3_000}{"]" * 3_000}}}', "bad_message"),
    "nesting deeper than anyone needs": (f'{{"type":"play","id":"1","extra":{"[" * 9}{"]" * 9}}}', "bad_message"),
    "an unknown type": ('{"type":"dance","id":"1"}', "unknown_type"),
    "a type that is no string": ('{"type":["play"],"id":"1"}', "unknown_type"),
    "a second hello": ('{"type":"hello","protocol":1,"ticket":"x"}', "bad_message"),
    "no id": ('{"type":"play"}', "bad_message"),
    "an id too long": (f'{{"type":"play","id":"{"x" * 65}"}}', "bad_message"),
    "a string for a number": ('{"type":"seek","id":"1","position_ms":"12"}', "bad_message"),
    "true for a number": ('{"type":"seek","id":"1","position_ms":true}', "bad_message"),
    "a rate of nothing": ('{"type":"set_rate","id":"1","rate":0}', "bad_message"),
    "half of a surrogate pair": ('{"type":"say","id":"1","text":"\\ud83d"}', "bad_message"),
    "a text of nothing": ('{"type":"say","id":"1","text":"\\u0000\\u202e "}', "text_empty"),
    "a text of fillers": (json.dumps({"type": "say", "id": "1", "text": "\u3164\u2800\u200b\u0301"}), "text_empty"),
    "a text too long": (json.dumps({"type": "say", "id": "1", "text": "ы" * (GRAPHEMES + 1)}), "text_too_long"),
    "a text too large": (
        json.dumps({"type": "say", "id": "1", "text": "x" + "\u200b" * CODE_POINTS + "x"}),
        "text_too_long",
    ),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
async def test_a_bad_message_gets_an_error_and_costs_nothing_else(
    node: SyncNode, crowd: Crowd, room: Room, name: str
) -> None:
    room["starts_at"] = NEVER_MS
    text, code = BAD_MESSAGES[name]
    client = await crowd.enter(node, room)
    before = client.point
    await client.send_raw(text)
    error = await client.expect("error")
    assert error["code"] == code
    assert error["message"]
    assert (await client.say("still here"))["type"] == "ack"
    assert client.point[1] == before[1] + 1


async def test_unknown_fields_are_ignored(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.enter(node, room)
    assert (await client.seek(5, colour="red", nested={"a": [1]}))["type"] == "ack"


async def test_a_text_of_five_hundred_characters_of_several_code_points_passes(
    node: SyncNode, crowd: Crowd, room: Room
) -> None:
    client = await crowd.enter(node, room)
    assert (await client.say("👩🏽‍🚀" * GRAPHEMES))["type"] == "ack"


async def test_a_text_is_shown_without_what_deceives(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.enter(node, room)
    await client.say(" a\u202eb\u0007c\u2066\nи\u0306 ")
    assert (await client.expect("said"))["message"]["text"] == "abc\nй"


async def test_a_frame_that_is_too_big_ends_the_connection(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.enter(node, room)
    await client.send_raw(json.dumps({"type": "say", "id": "1", "text": "x" * FRAME_BYTES}))
    assert await client.closed() == 4413
    assert client.received[-1]["code"] == "too_big"


async def test_a_frame_that_is_far_too_big_is_not_even_read(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.enter(node, room)
    await client.send_raw("x" * (5 * FRAME_BYTES))
    assert await client.closed() == 1009


async def test_binary_frames_end_the_connection(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.enter(node, room)
    assert client._ws is not None
    await client._ws.send_bytes(b"{}")
    assert await client.closed() == 4400


async def test_too_many_commands_are_refused_and_say_when_to_come_again(
    node: SyncNode, crowd: Crowd, room: Room
) -> None:
    client = await crowd.enter(node, room)
    started = time.monotonic()
    for n in range(40):
        await client.send({"type": "say", "id": f"s{n}", "text": "flood"})
    answers = [await client.expect(lambda message, n=n: message.get("id") == f"s{n}") for n in range(40)]  # type: ignore[misc]
    took_s = time.monotonic() - started
    refused = [answer for answer in answers if answer["type"] == "error"]
    assert refused
    assert all(answer["code"] == "rate_limited" and 0 < answer["retry_after_ms"] <= 1_000 for answer in refused)
    assert all(answer["type"] == "ack" for answer in answers[:10])
    assert (await client.play())["type"] == "ack"
    assert len(client.messages) == 40 - len(refused) <= 10 + 2 * took_s


async def test_a_flood_in_spite_of_that_ends_the_connection(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.enter(node, room)
    with contextlib.suppress(ConnectionError):
        for n in range(2_000):
            await client.send_raw(json.dumps({"type": "seek", "id": f"f{n}", "position_ms": n}))
    assert await client.closed() == 4429


async def test_viewers_do_not_control_a_room_of_its_owner(node: SyncNode, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    room["control"] = "owner"
    owner = await crowd.enter(node, room, room["owner"])
    viewer = await crowd.enter(node, room)
    error = await viewer.play()
    assert (error["type"], error["code"]) == ("error", "forbidden")
    assert (await owner.play())["type"] == "ack"
    assert (await viewer.expect("played"))["by"] == room["owner"]


async def test_a_ticket_that_claims_ownership_of_a_live_room_gives_none(
    node: SyncNode, crowd: Crowd, room: Room
) -> None:
    room["control"] = "owner"
    await crowd.enter(node, room, room["owner"])
    impostor = await crowd.enter(node, room, role="owner")
    assert impostor.welcome["you"]["role"] == "viewer"
    assert (await impostor.play())["code"] == "forbidden"


async def test_a_ping_gives_the_stores_time(node: SyncNode, crowd: Crowd, room: Room) -> None:
    client = await crowd.enter(node, room)
    before_ms = time.time() * 1000
    pong = await client.ping()
    # Known to within what a busy machine lets the node's own exchanges with the store take.
    assert before_ms - 500 <= pong["t1"] <= pong["t2"] <= time.time() * 1000 + 500


async def test_a_slow_network_makes_starts_lie_farther_ahead(node: SyncNode, crowd: Crowd, room: Room) -> None:
    room["starts_at"] = NEVER_MS
    room["settings"]["early_start"] = True
    client = await crowd.enter(node, room)
    await client.ping(rtt_ms=280)
    await client.expect("member_changed")
    await client.play()
    played = await client.expect("played")
    assert played["playback"]["at_ms"] - played["time_ms"] == 600
