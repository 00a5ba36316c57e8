"""The kept mails: a Maildir, so that other programs can read it too, with an index in memory."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from mailbox import Maildir
from pathlib import Path

from deploy.neighbours.inbox.letters import Letter

# A bound, so that a test that runs away fills no disk: past it the oldest mails go.
MAX_LETTERS = 1000


class Mailbox:
    """Mails of one Maildir, newest first. One process at a time owns it."""

    def __init__(self, directory: Path, max_letters: int = MAX_LETTERS) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = Maildir(directory, create=True)
        self._max_letters = max_letters
        self._keys: dict[str, str] = {}
        self._letters: dict[str, Letter] = {}
        # Grows with each change, so that an open page can ask whether it is still right.
        self.version = 0
        for key in self._maildir.iterkeys():
            self._index(key)
        self._letters = dict(sorted(self._letters.items(), key=lambda item: item[1].received_at))

    def add(self, source: bytes) -> str:
        """Store one mail, on the disk when this returns (Maildir syncs); returns its id."""
        letter_id = self._index(self._maildir.add(source))
        while len(self._letters) > self._max_letters:
            self._drop(next(iter(self._letters)))
        self.version += 1
        return letter_id

    def letters(self, to: str | None = None) -> list[Letter]:
        """All mails, or those to one address (of envelope or header), newest first."""
        wanted = to.strip().lower() if to else None
        return [letter for letter in reversed(self._letters.values()) if wanted is None or wanted in letter.recipients]

    def letter(self, letter_id: str) -> Letter | None:
        return self._letters.get(letter_id)

    def recipients(self) -> dict[str, int]:
        """Each address that mail came to, with how many, in the order of the alphabet."""
        counts: dict[str, int] = {}
        for letter in self._letters.values():
            for address in letter.recipients:
                counts[address] = counts.get(address, 0) + 1
        return dict(sorted(counts.items()))

    def clear(self, to: str | None = None) -> None:
        for letter in self.letters(to):
            self._drop(letter.id)
        self.version += 1

    def _index(self, key: str) -> str:
        stored = self._maildir.get_message(key)
        letter_id = hashlib.sha256(key.encode()).hexdigest()[:16]
        received_at = datetime.fromtimestamp(stored.get_date(), UTC)
        self._letters[letter_id] = Letter(letter_id, received_at, self._maildir.get_bytes(key))
        self._keys[letter_id] = key
        return letter_id

    def _drop(self, letter_id: str) -> None:
        del self._letters[letter_id]
        with suppress(KeyError):  # already gone from the folder
            self._maildir.remove(self._keys.pop(letter_id))
