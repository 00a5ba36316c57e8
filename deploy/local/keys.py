"""The secrets of a local run: made once, stored in one file that only its owner can read."""

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class Keys:
    """The secrets in the spelling in which the services read them."""

    session_key: str
    ticket_signing_key: str
    ticket_verify_keys: str
    resume_keys: str
    client_secret: str
    program_secret: str

    @classmethod
    def make(cls) -> Self:
        """Make new random secrets."""
        pair = Ed25519PrivateKey.generate()
        return cls(
            session_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            ticket_signing_key=f"local:{_base64url(pair.private_bytes_raw())}",
            ticket_verify_keys=f"local:{_base64url(pair.public_key().public_bytes_raw())}",
            resume_keys=f"local:{_base64url(secrets.token_bytes(32))}",
            client_secret=secrets.token_urlsafe(32),
            program_secret=secrets.token_urlsafe(32),
        )

    @classmethod
    def stored_in(cls, file: Path) -> Self:
        """Return the secrets in `file`, making them (and it) at the first call, and those that an older one lacks."""
        stored = json.loads(file.read_text()) if file.exists() else {}
        keys = cls(**{**asdict(cls.make()), **stored})
        if asdict(keys) == stored:
            return keys
        file.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: a run that is cut short leaves no half of a file.
        draft = file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(keys), indent=2) + "\n")
        draft.rename(file)
        return keys


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
