"""The public addresses: of the site, of its rooms and of their sockets, and what the cinema allows."""

from dataclasses import dataclass, field
from string import Formatter
from typing import Final
from urllib.parse import quote, urlsplit

from api_service.mail_links import MailLinks
from api_service.policy import Policy

_PLACES: Final = frozenset({"film", "code"})


@dataclass(frozen=True, slots=True)
class Site:
    """The public addresses without trailing slashes, and how many partitions the rooms are spread over.

    ``room_url_template`` is the address of the cinema's own page of a room, or empty: then rooms have ours.
    """

    public_url: str
    sync_public_url: str
    partitions: int
    link_key: bytes = field(repr=False)
    policy: Policy = field(default_factory=Policy)
    room_url_template: str = ""

    @property
    def mail_links(self) -> MailLinks:
        return MailLinks(self.public_url, self.link_key)

    @property
    def path(self) -> str:
        """The path of the site's address, without a trailing slash: empty at an origin of its own."""
        return urlsplit(self.public_url).path

    def room_link(self, code: str, film: str) -> str:
        """Return the address of a room's page; ``film`` is the film's id as the cinema's page takes it."""
        if not self.room_url_template:
            return f"{self.public_url}/rooms/{code}"
        return self.room_url_template.format(code=quote(code, safe=""), film=quote(film, safe=""))

    def socket_url(self, partition: int) -> str:
        return f"{self.sync_public_url}/ws/p{partition}"


def room_url_template(text: str) -> str:
    """Return the template, or empty text for none; raises ValueError unless every room gets an http(s) address."""
    if not text:
        return ""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValueError("has a brace that is never closed.") from None
    places = {name for _, name, _, _ in parts if name is not None}
    plain = all(not spec and not conversion for _, _, spec, conversion in parts)
    if "code" not in places or not places <= _PLACES or not plain:
        raise ValueError("must have {code} in it, may have {film}, and no other braces.")
    address = text.format(code="code", film="film")
    parsed = urlsplit(address)
    if parsed.scheme not in {"http", "https"} or not parsed.hostname or "code" in parsed.netloc:
        raise ValueError("must be an http(s) address.")
    return text
