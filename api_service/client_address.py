"""Where a request comes from, for limits that are counted by it."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Final

from aiohttp import web

_FORWARDED: Final = "X-Forwarded-For"
# One household or machine has at least so much of IPv6 (RFC 6177), and may ask from any address in it.
_V6_PREFIX: Final = 64


def client_address(request: web.Request, proxies: int) -> str:
    """Return the address that a request came from, of IPv6 its network of 64 bits.

    Before the service stand ``proxies`` of our own, each of which adds to `X-Forwarded-For` whom it was asked by: what
    stands before those places was sent by the client, and is worth nothing.
    """
    told = [hop.strip() for line in request.headers.getall(_FORWARDED, []) for hop in line.split(",")]
    peer = told[-proxies] if 0 < proxies <= len(told) else request.remote or ""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _V6_PREFIX), strict=False).network_address)


def sealed(address: str, key: bytes) -> str:
    """Return a name of an address that tells nobody without ``key`` which it is."""
    return hmac.new(key, b"address:" + address.encode(), hashlib.sha256).hexdigest()[:32]
