"""What clients of ill will may try: floods, bare frames, dripping headers, old tickets, one token many times."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

import aiohttp
import pytest

from sync_service.live.limits import SOCKETS_OF_A_PERSON
from sync_service.protocol.codes import CloseCode
from tests.load.listener import frame, upgrade
from tests.support.clients import PATIENCE_S, Disconnected
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, person, start_node

Nodes = tuple[SyncNode, SyncNode]
Room = dict[str, Any]

PING, PONG, FRAGMENT = b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0", b"\x00\x80\0\0\0\0"
IMPATIENT = """
import runpy
from shared import service
service.HEADERS_DEADLINE_S = 1.0
runpy.run_module("sync_service", run_name="__main__")
"""


class Bare:
    """A connection whose bytes are the test's own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, node: SyncNode, ticket: str | None = None, partition: int = 5) -> Bare:
        bare = cls(*await asyncio.open_connection("127.0.0.1", node.port))
        bare.writer.write(upgrade(node.port, f"/ws/p{partition}"))
        await bare.reader.readuntil(b"\r\n\r\n")
        if ticket is not None:
            bare.writer.write(frame(json.dumps({"type": "hello", "protocol": 1, "ticket": ticket}).encode()))
            await bare.reader.readuntil(b'"type":"welcome"')
        return bare

    async def rest(self) -> bytes:
        """Return all that comes until the server has closed."""
        got = b""
        with contextlib.suppress(ConnectionError):
            while data := await asyncio.wait_for(self.reader.read(65_536), 30):
                got += data
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
        return got


async def closes_with(bare: Bare, code: int) -> bool:
    return code.to_bytes(2) in await bare.rest()


@pytest.mark.parametrize("entered", [False, True], ids=["before hello", "after it"])
@pytest.mark.parametrize("what", [PING, PONG, FRAGMENT], ids=["pings", "pongs", "fragments"])
async def test_who_floods_with_frames_of_any_kind_is_closed(
    node: SyncNode, crowd: Crowd, cinema: Cinema, room: Room, *, what: bytes, entered: bool
) -> None:
    anna = await crowd.enter(node, cinema.room())
    bare = await Bare.open(node, cinema.ticket(room) if entered else None)
    began = b"\x01\x80\0\0\0\0" if what == FRAGMENT else b""
    bare.writer.write(began + what * 100_000)
    assert await closes_with(bare, CloseCode.TOO_FAST)
    assert (await anna.say("I noticed nothing"))["type"] == "ack"


async def test_a_frame_that_is_not_masked_ends_the_connection(node: SyncNode, cinema: Cinema, room: Room) -> None:
    bare = await Bare.open(node, cinema.ticket(room))
    bare.writer.write(b'\x81\x19{"type":"ping","t0":1234}')
    assert await closes_with(bare, 1002)


async def test_headers_that_drip_end_the_connection(
    run_process: RunProcess, cinema: Cinema, module_redis_url: str, module_amqp_url: str
) -> None:
    node = start_node(run_process, cinema, module_redis_url, module_amqp_url, program=["python", "-c", IMPATIENT])
    bare = Bare(*await asyncio.open_connection("127.0.0.1", node.port))
    bare.writer.write(b"GET /healthz HTTP/1.1\r\n")

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                bare.writer.write(b"X-Slow: 1\r\n")
                await bare.writer.drain()
                await asyncio.sleep(0.1)

    dripping = asyncio.create_task(drip())
    assert await bare.rest() == b""
    dripping.cancel()


async def test_no_answer_tells_the_versions_of_what_serves_it(node: SyncNode) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/healthz", "/metrics", "/nothing"):
            async with session.get(node.http(path)) as answer:
                assert answer.headers["Server"] == "movie-together"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
    bare = Bare(*await asyncio.open_connection("127.0.0.1", node.port))
    bare.writer.write(b"no HTTP at all\r\n\r\n")
    answer_ = await bare.rest()
    assert b"400" in answer_
    assert b"aiohttp" not in answer_


async def test_a_ticket_that_is_older_than_a_kick_lets_nobody_in(nodes: Nodes, crowd: Crowd, room: Room) -> None:
    owner = await crowd.enter(nodes[0], room, room["owner"], "Owner")
    boris = await crowd.enter(nodes[1], room, name="Boris")
    await owner.reaches(boris.point[1])
    kept = crowd.ticket(room, boris.id, name="Boris")
    assert (await owner.kick(boris.id))["type"] == "ack"
    again = crowd.stranger(nodes[1], room)
    with pytest.raises(Disconnected) as ended:
        await again.hello(kept)
    assert (ended.value.code, again.received[-1]["code"]) == (CloseCode.FORBIDDEN, "kicked")
    # The link lets them in: in the same second, and wherever.
    assert (await crowd.enter(nodes[0], room, boris.id, "Boris")).welcome["you"]["id"] == boris.id


async def test_a_resume_token_lets_in_one_at_a_time(node: SyncNode, crowd: Crowd, room: Room) -> None:
    anna = await crowd.enter(node, room)
    copies = [crowd.stranger(node, room) for _ in range(10)]
    for copy in copies:
        copy.resume_token, copy.point = anna.resume_token, anna.point
    results = await asyncio.gather(*(copy.resume() for copy in copies), return_exceptions=True)
    inside = [one for one in results if not isinstance(one, BaseException)]
    assert len(inside) == 1
    assert {one.code for one in results if isinstance(one, Disconnected)} == {CloseCode.UNAUTHORIZED}
    # Its client did not get the next token, and the connection is lost: it lets in again.
    (one,) = inside
    await one.drop()
    began_s = time.monotonic()
    while time.monotonic() - began_s < 20:
        late = crowd.stranger(node, room)
        late.resume_token, late.point = anna.resume_token, anna.point
        with contextlib.suppress(Disconnected):
            await late.resume()
            break
        await asyncio.sleep(0.1)
    assert late.welcome["you"]["id"] == anna.id


async def test_a_person_has_so_many_connections_and_no_more(
    node: SyncNode, crowd: Crowd, cinema: Cinema, room: Room
) -> None:
    other_room = cinema.room()
    whose = person()
    clients = [await crowd.enter(node, (room, other_room)[n % 2], whose) for n in range(SOCKETS_OF_A_PERSON)]
    with pytest.raises(Disconnected) as refused:
        await crowd.enter(node, room, whose)
    assert refused.value.code == CloseCode.TOO_FAST
    assert crowd.clients[-1].received[-1]["code"] == "too_many_connections"

    somebody = await crowd.enter(node, room)
    assert whose in somebody.members, "who was refused one more is there all the same"
    await clients[0].close()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(Disconnected):  # the node may not have noticed yet
                await crowd.enter(node, room, whose)
                break
