"""The Lua scripts, each one atomic step in the store, and how they are called."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from shared.events.journal import PLAYBACK_CHANGED
from sync_service.redis_client.client import RedisError, RedisLink, StoreAway, answered
from sync_service.redis_client.wire import OnReply, packed
from sync_service.store.redis_keys import TOMBSTONE_MS

_LUA: Final = Path(__file__).parent / "lua"
COMMANDS_KEPT_MS: Final = 900_000  # for at least so long the ids of commands are kept, with their answers


class Script:
    """A Lua script, called by its digest; one that Redis has forgotten is sent whole.

    ``constants`` are locals of the script, so that a value which Python needs too is spelled once.
    """

    def __init__(self, name: str, **constants: int | str) -> None:
        # In front of the script's first comment: line numbers stay those of the file.
        head = "".join(f"local {name} = {value!r}; " for name, value in constants.items())
        self.use(head.encode() + (_LUA / f"{name}.lua").read_bytes())

    def use(self, source: bytes) -> None:
        """Be this script from now on."""
        self.source = source
        # Redis names scripts by SHA-1; nothing is guarded by it.
        self.sha = hashlib.sha1(source, usedforsecurity=False).hexdigest()
        self._by_sha = packed("EVALSHA", self.sha)

    def send(self, link: RedisLink, on_reply: OnReply, n_keys: int, *words: bytes | str | int) -> None:
        """Call; the last ``words`` are keys, then arguments. Raises StoreAway."""

        def send_whole() -> None:
            link.send(on_reply, "EVAL", self.source, n_keys, *words)

        link.send(_unless_forgotten(on_reply, send_whole), "EVALSHA", self.sha, n_keys, *words)

    def put(self, link: RedisLink, on_reply: OnReply, count: int, *words: bytes) -> None:
        """Call by ``count`` packed words (the number of keys, the keys, the arguments) once the link is flushed."""

        def send_whole() -> None:
            link.put(on_reply, count + 2, packed("EVAL", self.source), *words)
            link.flush()

        link.put(_unless_forgotten(on_reply, send_whole), count + 2, self._by_sha, *words)

    async def call(self, link: RedisLink, n_keys: int, *words: bytes | str | int) -> Any:
        """Return the answer to a call; raises StoreError."""
        return await answered(lambda on_reply: self.send(link, on_reply, n_keys, *words))


def _unless_forgotten(on_reply: OnReply, send_whole: Callable[[], None]) -> OnReply:
    """Return a receiver of the reply to EVALSHA that sends the script whole where Redis does not know it."""

    def receive(reply: Any) -> None:
        if not isinstance(reply, RedisError) or not str(reply).startswith("NOSCRIPT"):
            on_reply(reply)
            return
        try:
            send_whole()
        except StoreAway as away:
            on_reply(away)

    return receive


APPEND: Final = Script("append")
COMMIT: Final = Script(
    "commit", COMMANDS_KEPT_MS=COMMANDS_KEPT_MS, TOMBSTONE_MS=TOMBSTONE_MS, PLAYBACK_CHANGED=PLAYBACK_CHANGED
)
APPLIED: Final = Script("applied", COMMANDS_KEPT_MS=COMMANDS_KEPT_MS)
OPEN: Final = Script("open")
READ: Final = Script("read")
TAIL: Final = Script("tail")
HISTORY: Final = Script("history")
OFFER: Final = Script("offer")
REOPEN: Final = Script("reopen")
LIFECYCLE: Final = Script("lifecycle", TOMBSTONE_MS=TOMBSTONE_MS)
RAISE: Final = Script("raise")
REWRITE: Final = Script("rewrite")
SWEEP: Final = Script("sweep")
END_SESSIONS: Final = Script("end_sessions")
RELAY: Final = Script("relay")
SCRIPTS: Final = (
    APPEND,
    COMMIT,
    APPLIED,
    OPEN,
    READ,
    TAIL,
    HISTORY,
    OFFER,
    REOPEN,
    LIFECYCLE,
    RAISE,
    REWRITE,
    SWEEP,
    END_SESSIONS,
    RELAY,
)
