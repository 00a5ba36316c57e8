"""The stored mails: a Maildir, so that other programs can read it too, with an index in memory."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from mailbox import Maildir
from pathlib import Path

from deploy.neighbours.inbox.mails import Mail

# A bound, so that a test that runs away fills no disk: past it the oldest mails go.
MAX_MAILS = 1000


class Mailbox:
    """Mails of one Maildir, newest first. One process at a time owns it."""

    def __init__(self, directory: Path, max_mails: int = MAX_MAILS) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = Maildir(directory, create=True)
        self._max_mails = max_mails
        self._keys: dict[str, str] = {}
        self._mails: dict[str, Mail] = {}
        # Grows with each change, so that an open page can ask whether it is still right.
        self.version = 0
        for key in self._maildir.iterkeys():
            self._index(key)
        self._mails = dict(sorted(self._mails.items(), key=lambda item: item[1].received_at))

    def add(self, source: bytes) -> str:
        """Store one mail, on the disk when this returns (Maildir syncs); returns its id."""
        mail_id = self._index(self._maildir.add(source))
        while len(self._mails) > self._max_mails:
            self._drop(next(iter(self._mails)))
        self.version += 1
        return mail_id

    def mails(self, to: str | None = None) -> list[Mail]:
        """All mails, or those to one address (of envelope or header), newest first."""
        wanted = to.strip().lower() if to else None
        return [mail for mail in reversed(self._mails.values()) if wanted is None or wanted in mail.recipients]

    def mail(self, mail_id: str) -> Mail | None:
        return self._mails.get(mail_id)

    def recipients(self) -> dict[str, int]:
        """Each address that mail came to, with how many, in the order of the alphabet."""
        counts: dict[str, int] = {}
        for mail in self._mails.values():
            for address in mail.recipients:
                counts[address] = counts.get(address, 0) + 1
        return dict(sorted(counts.items()))

    def clear(self, to: str | None = None) -> None:
        for mail in self.mails(to):
            self._drop(mail.id)
        self.version += 1

    def _index(self, key: str) -> str:
        stored = self._maildir.get_message(key)
        mail_id = hashlib.sha256(key.encode()).hexdigest()[:16]
        received_at = datetime.fromtimestamp(stored.get_date(), UTC)
        self._mails[mail_id] = Mail(mail_id, received_at, self._maildir.get_bytes(key))
        self._keys[mail_id] = key
        return mail_id

    def _drop(self, mail_id: str) -> None:
        del self._mails[mail_id]
        with suppress(KeyError):  # already gone from the folder
            self._maildir.remove(self._keys.pop(mail_id))
