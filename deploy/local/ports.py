"""The fixed ports of the local run: which they are, who needs them, and what to do when one is taken."""

import errno
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class BadPort(Exception):
    """A port cannot be used; the text names it, who needs it and the variable that changes it."""


@dataclass(frozen=True)
class FixedPort:
    """A port that people or settings know by its number."""

    variable: str
    default: int
    needed_by: str

    def number(self, environ: Mapping[str, str]) -> int:
        """Return the port that the environment asks for, else the usual one. Raises BadPort."""
        value = environ.get(self.variable) or str(self.default)
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
            raise BadPort(f"{self.variable} is {value!r}, which is not a port: give a number from 1 to 65535")
        return int(value)


SITE = FixedPort("API_PORT", 8080, "the site (api_service)")
SYNC = FixedPort("SYNC_PORT", 8081, "the rooms (sync_service)")
IDENTITY = FixedPort("IDENTITY_PORT", 8082, "the identity provider")
INBOX = FixedPort("INBOX_HTTP_PORT", 8083, "the inbox's page")
NOTIFIER = FixedPort("NOTIFIER_PORT", 8084, "the notification service")
SMTP = FixedPort("INBOX_SMTP_PORT", 8025, "the inbox's mail server")


def require_free(ports: Iterable[FixedPort], environ: Mapping[str, str]) -> None:
    """Raise BadPort naming every one of `ports` that is taken, or asked for twice."""
    complaints, seen = [], dict[int, FixedPort]()
    for port in ports:
        number = port.number(environ)
        if number in seen:
            complaints.append(f"port {number} is given to both {seen[number].needed_by} and {port.needed_by}.")
        elif _taken(number):
            complaints.append(
                f"port {number}, which {port.needed_by} needs, is taken by another program. "
                f"Stop that program, or choose another port: make run {port.variable}={number + 1000}"
            )
        seen[number] = port
    if complaints:
        raise BadPort("\n".join(complaints))


def _taken(number: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((address, number), family=family).close()
        except OSError as error:
            # A machine without IPv6 has no ::1 to be taken.
            if family == socket.AF_INET or error.errno == errno.EADDRINUSE:
                return True
    return False
