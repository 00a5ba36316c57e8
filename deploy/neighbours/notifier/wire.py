"""How a mail is written on the wire."""

from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.policy import EmailPolicy
from email.utils import quote


class WirePolicy(EmailPolicy):
    """The standard library's policy for SMTP, with its folding of texts that are not ASCII replaced.

    That folding loses or doubles spaces between encoded words (CPython issues 92081 and 144156, seen in Python 3.11.7),
    so a subject reads «Ночнойтрамвай». The older `Header` does it right.
    """

    def fold(self, name: str, value: str) -> str:
        return self._rewritten(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        rewritten = self._rewritten(name, value)
        return rewritten.encode("ascii") if rewritten else super().fold_binary(name, value)

    def _rewritten(self, name: str, value: str) -> str | None:
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


def header_text(text: str) -> str:
    """The text as a header's value may be given to `EmailMessage`, which would decode what looks like encoded words."""
    return Header(text, "utf-8").encode(maxlinelen=0) if "=?" in text else text


def ascii_address(display_name: str, address: str) -> Address:
    """One address with its domain in ASCII (IDNA), as any server takes it; raises `ValueError`.

    A local part must be ASCII already: SMTPUTF8 (RFC 6531), which would carry others, is rare among servers.
    """
    try:
        local_part, at, domain = address.rpartition("@")
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
        parsed = Address(display_name=display_name, addr_spec=f"{local_part}{at}{ascii_domain}")
    except (ValueError, IndexError, AttributeError, MessageError) as error:  # each comes for another malformed one
        raise ValueError(f"{address!r} is not one e-mail address") from error
    # RFC 5321, 4.5.3.1.3: a path has at most 256 octets with its brackets.
    if not parsed.username or not domain or not parsed.addr_spec.isprintable() or len(parsed.addr_spec) > 254:
        raise ValueError(f"{address!r} is not one e-mail address")
    return parsed
