"""docs/examples/room_client.py, run as its page says, against real processes."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import sys
import tokenize
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests.support.clients import RoomClient
from tests.support.sync_fixtures import Crowd, SyncNode, person

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "room_client.py"
Room = dict[str, Any]


class Terminal:
    """The example in a terminal: what is typed, and what it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    @classmethod
    async def open(cls, url: str, ticket: str) -> Self:
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(sys.executable, EXAMPLE, url, ticket, stdin=pipe, stdout=pipe))

    async def line(self, start: str) -> str:
        """The next line that starts like this."""
        assert self._process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                while raw := await self._process.stdout.readline():
                    self.lines.append(raw.decode().strip())
                    if self.lines[-1].startswith(start):
                        return self.lines[-1]
        raise AssertionError(f"no {start!r} came after {self.lines[-8:]}")

    async def type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        await self._process.stdin.drain()

    async def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.communicate()


@pytest.fixture
async def anna(nodes: tuple[SyncNode, SyncNode], crowd: Crowd, room: Room) -> RoomClient:
    """The room's owner, at the other process; the film, which she has stopped again, does not start by itself."""
    client = await crowd.enter(nodes[1], room, room["owner"])
    await client.play()
    await client.pause()
    return client


@pytest.fixture
async def terminal(node: SyncNode, crowd: Crowd, room: Room, anna: RoomClient) -> AsyncIterator[Terminal]:
    """The example, which has come into Anna's room as Boris."""
    boris = person()
    opened = await Terminal.open(node.url(room["partition"]), crowd.ticket(room, boris, name="Boris"))
    await opened.line("at ")  # others may see him come before he has been welcomed
    await anna.until(lambda: boris in anna.members)
    yield opened
    await opened.close()


async def test_it_follows_the_film_and_the_chat_and_is_heard(terminal: Terminal, anna: RoomClient) -> None:
    await anna.play()
    await terminal.line(f"played {anna.id}")
    await anna.seek(60_000)
    await terminal.line(f"sought {anna.id}")
    await anna.say("Смотри, кит!")
    await terminal.line("said Смотри, кит!")
    await anna.edit_message(anna.messages[-1]["id"], "Смотри, два кита!")
    await terminal.line("message_edited Смотри, два кита!")

    await terminal.type("Где?")
    said = await anna.expect("said", timeout_s=30)
    while said["message"]["text"] != "Где?":
        said = await anna.expect("said", timeout_s=30)
    assert said["message"]["author"]["name"] == "Boris"
    await terminal.line("ack ")


async def test_it_knows_where_the_film_is(terminal: Terminal, anna: RoomClient) -> None:
    await anna.seek(30_000)
    await anna.play()
    earlier_ms = (await anna.ping())["t1"]
    await anna.say("What time is it?")
    await terminal.line("said What")  # lines before it may have waited to be read
    _, server_ms, status, position_ms = (await terminal.line("at ")).split()
    later_ms = (await anna.ping())["t2"]

    assert status == "playing"
    assert earlier_ms - 500 < float(server_ms) < later_ms + 500, "its clock is not the server's"
    assert float(position_ms) == pytest.approx(anna.position_at(float(server_ms)), abs=1)


async def test_it_comes_back_by_itself_when_its_process_is_killed(
    terminal: Terminal, anna: RoomClient, node: SyncNode
) -> None:
    await anna.say("before")
    await terminal.line("said before")
    node.process.kill()
    for n in range(5):
        await anna.say(f"missed {n}")
    await terminal.type("I was away")
    node.process.start()
    await terminal.line("said missed 4")
    await terminal.line("said I was away")
    await anna.say("after")
    await terminal.line("said after")

    said = [line for line in terminal.lines if line.startswith("said ")]
    assert said == ["said before", *(f"said missed {n}" for n in range(5)), "said I was away", "said after"]


async def test_it_ends_when_the_room_does_not_want_it_any_more(terminal: Terminal, anna: RoomClient) -> None:
    boris = next(id_ for id_ in anna.members if id_ != anna.id)
    await anna.kick(boris)
    await terminal.line("error kicked")
    await terminal.line("closed with 4403")


def test_it_has_sixty_lines_of_code() -> None:
    source = EXAMPLE.read_text()
    aside: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and (docstring or isinstance(node, ast.Import | ast.ImportFrom)):
            aside.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            code.update(range(token.start[0], token.end[0] + 1))
    assert len(code - aside) <= 60
