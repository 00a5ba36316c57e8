"""The public addresses: of the site, of its rooms and of their sockets, and what the cinema allows."""

from dataclasses import dataclass, field

from api_service.mail_links import MailLinks
from api_service.policy import Policy


@dataclass(frozen=True, slots=True)
class Site:
    """The public addresses without trailing slashes, and how many partitions the rooms are spread over."""

    public_url: str
    sync_public_url: str
    partitions: int
    link_key: bytes = field(repr=False)
    policy: Policy = field(default_factory=Policy)

    @property
    def mail_links(self) -> MailLinks:
        return MailLinks(self.public_url, self.link_key)

    def room_link(self, code: str) -> str:
        return f"{self.public_url}/rooms/{code}"

    def socket_url(self, partition: int) -> str:
        return f"{self.sync_public_url}/ws/p{partition}"
