"""The public addresses: of the site, of its rooms and of their sockets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """The public addresses without trailing slashes, and how many partitions the rooms are spread over."""

    public_url: str
    sync_public_url: str
    partitions: int

    def room_link(self, code: str) -> str:
        return f"{self.public_url}/rooms/{code}"

    def socket_url(self, partition: int) -> str:
        return f"{self.sync_public_url}/ws/p{partition}"
