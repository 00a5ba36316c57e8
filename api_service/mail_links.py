"""Links in mails, which do what they say without signing in: whoever has the mail is the person it was sent to."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

Purpose = Literal["invitations", "unsubscribe"]
SIGNATURE_BYTES: Final = 18  # 144 bits in 24 characters
_DERIVATION: Final = b"movie-together links in mails"


@dataclass(frozen=True, slots=True)
class MailLinks:
    """Makes and checks the links of one site; those of another ``key`` are void."""

    public_url: str
    key: bytes = field(repr=False)

    def link(self, purpose: Purpose, invitation_id: UUID, locale: str) -> str:
        """Return the address of the page that answers an invitation or ends mails, in the receiver's language."""
        return f"{self.public_url}/{purpose}/{invitation_id}/{self._signature(purpose, invitation_id)}?lang={locale}"

    def is_valid(self, purpose: Purpose, invitation_id: UUID, signature: str) -> bool:
        """Return whether a link's signature is one of ours, for this purpose and invitation."""
        own = self._signature(purpose, invitation_id)
        return hmac.compare_digest(own.encode(), signature.encode())

    def _signature(self, purpose: Purpose, invitation_id: UUID) -> str:
        key = hmac.digest(self.key, _DERIVATION, hashlib.sha256)
        digest = hmac.digest(key, purpose.encode() + b"/" + invitation_id.bytes, hashlib.sha256)
        return urlsafe_b64encode(digest[:SIGNATURE_BYTES]).decode()
