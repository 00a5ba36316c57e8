"""A member of a room, in a terminal: shows where the film stands and what happens, and says what is typed.

    python room_client.py SOCKET_URL TICKET

Both come from the API: POST /api/v1/rooms/{code}/join. Needs aiohttp; docs/protocol.md explains the protocol.
"""

import asyncio
import json
import random
import sys
import time
from contextlib import suppress

import aiohttp

# Close codes after which the resume token opens the door; 1000 is also what aiohttp calls an end without a close.
COME_BACK = {1000, 1001, 1006, 4429, 4500, 4503, 4504}
AGAIN = {"outcome_unknown", "try_again", "rate_limited", "slow_mode"}  # errors after which a command is repeated


class Room:
    def __init__(self, url, ticket):
        self.url, self.key, self.place, self.pings, self.unanswered = url, {"ticket": ticket}, {}, [], {}

    def server_ms(self):
        """The server's clock: the fastest message in each direction tells the truth."""
        return time.monotonic() * 1000 + (min(up for up, _ in self.pings) - min(down for _, down in self.pings)) / 2

    def position_ms(self, server_ms):
        play, since_ms = self.playback, server_ms - self.playback["at_ms"]
        rate = (play["rate"] if since_ms > 0 else play["lead_rate"] or 0) * (play["status"] == "playing")
        return min(max(play["position_ms"] + since_ms * rate, 0), play["length_ms"] or self.film["duration_ms"] or 1e12)

    async def stay(self):
        """Follow the room, over lost connections too, until it is over for us; gives the close code."""
        self.listening, wait_s = asyncio.create_task(self.listen()), 0.5
        while True:
            with suppress(aiohttp.ClientError, OSError):
                async with aiohttp.ClientSession() as session, session.ws_connect(self.url) as ws:
                    await ws.send_json({"type": "hello", "protocol": 1, **self.key, **self.place})
                    self.speaking = asyncio.create_task(self.speak(ws))
                    async for frame in ws:
                        if frame.type is aiohttp.WSMsgType.TEXT:
                            self.take(json.loads(frame.data))
                        wait_s = 0.5
                    if ws.close_code not in COME_BACK or "ticket" in self.key:
                        return ws.close_code
            await asyncio.sleep(random.uniform(0, wait_s))
            wait_s = min(wait_s * 2, 15)

    async def speak(self, ws):
        """Twice a second measure the clock, and ask (again) for what is unanswered: under one id it is done once."""
        with suppress(ConnectionError):
            while not ws.closed:
                for message in ({"type": "ping", "t0": time.monotonic() * 1000}, *self.unanswered.values()):
                    await ws.send_json(message)
                await asyncio.sleep(0.5)

    def take(self, message):
        kind = message["type"]
        if "state" in message:  # a snapshot, or the welcome that carries one
            self.playback, self.film = message["state"]["playback"], message["room"]["film"]
        elif "command" in message:  # an event of the room
            if message["seq"] != self.place["seq"] + 1:
                raise ConnectionError("an event is missing: come back for it")
            self.playback, self.film = message.get("playback", self.playback), message.get("film") or self.film
            self.pings = [] if kind == "rebased" else self.pings
            print(kind, message.get("message", message).get("text", message["by"]), flush=True)
        if "hash" in message:
            self.place = {name: message[name] for name in ("epoch", "seq", "hash")}
        self.key = {"resume": message["resume"]} if "resume" in message else self.key
        if kind == "pong":
            self.pings = [*self.pings[-29:], (message["t1"] - message["t0"], time.monotonic() * 1000 - message["t2"])]
            now_ms = self.server_ms()
            print(f"at {now_ms:.1f} {self.playback['status']} {self.position_ms(now_ms):.1f}", flush=True)
        elif kind in ("ack", "error") and message.get("code") not in AGAIN:
            self.unanswered.pop(message["id"], None)
            print(kind, message.get("code", message["id"]), flush=True)

    async def listen(self):
        """Take each line that is typed as one to say, but for "/away" (step aside) and "/back"."""
        typed = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(typed), sys.stdin)
        async for line in typed:
            id_, own = str(time.time_ns()), {b"/away": {"type": "aside", "reason": "away"}, b"/back": {"type": "back"}}
            self.unanswered[id_] = {"id": id_, **own.get(line.strip(), {"type": "say", "text": line.decode()})}


if __name__ == "__main__":
    print("closed with", asyncio.run(Room(*sys.argv[1:]).stay()))
