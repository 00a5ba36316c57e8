"""How a mail is written on the wire."""

from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.policy import EmailPolicy
from email.utils import quote


class WirePolicy(EmailPolicy):
    """The standard library's policy for SMTP, with its folding of texts that are not ASCII replaced.

    That folding loses or doubles spaces between encoded words (CPython issues 92081 and 144156, in Python 3.11 to at
    least 3.14.2), so a subject reads «Ночнойтрамвай». The older `Header` does it right.
    """

    def fold(self, name: str, value: str) -> str:
        return self._rewritten(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        rewritten = self._rewritten(name, value)
        return rewritten.encode("ascii") if rewritten else super().fold_binary(name, value)

    def _rewritten(self, name: str, value: str) -> str | None:
        if self.utf8:
            return None
        header = Header(header_name=name, maxlinelen=76)
        if isinstance(value, AddressHeader):
            for number, address in enumerate(value.addresses):
                _append_address(header, address, last=number == len(value.addresses) - 1)
        elif name.lower() == "subject":
            _append_text(header, str(value))
        else:
            return None
        return f"{name}: {header.encode(linesep=self.linesep)}{self.linesep}"


def _append_address(header: Header, address: Address, *, last: bool) -> None:
    bare = f"<{address.addr_spec}>{'' if last else ','}"
    if not address.display_name or _is_plain(address.display_name):
        header.append(f'"{quote(address.display_name)}" {bare}' if address.display_name else bare, "us-ascii")
    else:
        header.append(address.display_name, "utf-8")
        header.append(bare, "us-ascii")


def _append_text(header: Header, text: str) -> None:
    header.append(text, "us-ascii" if _is_plain(text) else "utf-8")


def _is_plain(text: str) -> bool:
    """Whether the text can stand as it is: ASCII that no reader takes for encoded, in words short enough to fold."""
    return text.isascii() and "=?" not in text and max(map(len, text.split()), default=0) <= 60


# 7 bit, so that no server on the way needs 8BITMIME; bodies are base64 or quoted-printable, whichever is shorter.
WIRE = WirePolicy(linesep="\r\n", cte_type="7bit")
WIRE_UTF8 = WIRE.clone(utf8=True)  # only for addresses that are not ASCII (SMTPUTF8, RFC 6531)
