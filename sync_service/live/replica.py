"""A node's replica of a room: its state, its place in the history, and the last events for those who resume. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sync_service.delivery.frames import text_frame
from sync_service.room.events import Event, MessageDeleted, MessageEdited, Rebased, Said
from sync_service.room.evolve import evolve
from sync_service.room.state import State
from sync_service.store.changes import sections_of
from sync_service.store.records import Record, blanked, body_of, place_of, placed, read_record
from sync_service.store.snapshot import Snapshot

RECENT_MOST: Final = 256  # events in memory for those who resume; older ones are read from the log
_WITH_TEXT: Final = (b'"type":"said"', b'"type":"message_edited"')


class Replica:
    """A room at (``epoch``, ``seq``).

    ``hash`` chains the history up to there, ``hashes`` are those of the events that last changed each section, and
    ``last_ms`` is the time of the last event.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.last_ms = 0
        self._recent: deque[tuple[int, str, bytes]] = deque()
        self.replace(snapshot)

    def replace(self, snapshot: Snapshot) -> None:
        """Begin again from what the store had."""
        self.epoch = snapshot.epoch
        self.seq = snapshot.seq
        self.hash = snapshot.hash
        self.hashes = dict(snapshot.hashes)
        self.state = snapshot.state
        self._recent.clear()
        self._recent.append((snapshot.seq, snapshot.hash, b""))

    def follows(self, first_seq: int, prev_hash: str) -> bool:
        """Return whether events that begin with ``first_seq``, chained to ``prev_hash``, come next."""
        return first_seq == self.seq + 1 and prev_hash == self.hash

    def apply(self, record: Record, after: State | None = None) -> bytes:
        """Apply the next event and return its frame; ``after`` is the state that it leads to, where that is known."""
        event = record.event
        self.state = evolve(self.state, event) if after is None else after
        self.seq = record.seq
        self.hash = record.hash
        for section in sections_of(event):
            self.hashes[section] = record.hash
        # A clock that was set back counts on from where it is now.
        if event.time_ms > self.last_ms or isinstance(event, Rebased):
            self.last_ms = event.time_ms
        if isinstance(event, MessageDeleted):
            self._blank(event.message_id)
        frame = text_frame(record.json)
        self._recent.append((record.seq, record.hash, frame))
        if len(self._recent) > RECENT_MOST:
            self._recent.popleft()
        return frame

    def _blank(self, message_id: str) -> None:
        """Remove a deleted message's text from the recent events: its own, and those of its edits."""
        mark = message_id.encode()
        for index, (seq, hash_, frame) in enumerate(self._recent):
            if mark not in frame or not any(kind in frame for kind in _WITH_TEXT):
                continue
            event = read_record(frame[frame.index(b"{") :]).event
            gone: Event
            if isinstance(event, Said) and event.message.id == message_id:
                gone = blanked(event.message)
            elif isinstance(event, MessageEdited) and event.message_id == message_id:
                gone = replace(event, command=None, text="")
            else:
                continue
            record = placed(self.epoch, seq, hash_.encode(), gone, body_of(gone))
            self._recent[index] = seq, hash_, text_frame(record.json)

    def suffix_after(self, epoch: int, seq: int, hash_: str) -> list[bytes] | None:
        """Return the frames after a point, or None where it is not in this history or before the recent events."""
        oldest_seq = self._recent[0][0]
        if epoch != self.epoch or not oldest_seq <= seq <= self.seq:
            return None
        at = seq - oldest_seq
        if self._recent[at][1] != hash_:
            return None
        return [self._recent[index][2] for index in range(at + 1, len(self._recent))]

    def may_remember(self, epoch: int, seq: int) -> bool:
        """Return whether a point is before the recent events, so that only the store's log may have what came after."""
        return epoch == self.epoch and seq < self._recent[0][0]

    def remember(self, lines: Iterable[bytes]) -> None:
        """Put older events, read from the log, in front of the recent ones."""
        oldest = self._recent[0]
        older = [(place_of(line), line) for line in lines]
        while older and older[-1][0][1] > oldest[0]:
            older.pop()
        if older and older[-1][0] == (self.epoch, *oldest[:2]):
            self._recent.popleft()
            self._recent.extendleft((seq, hash_, text_frame(line)) for (_, seq, hash_), line in reversed(older))
