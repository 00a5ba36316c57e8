"""Ready WebSocket frames (RFC 6455 section 5.2): a server's are unmasked, so one serves every socket of a room."""

from __future__ import annotations

import struct

_TEXT = 0x81
_HEAD_16 = struct.Struct("!BBH")
_HEAD_64 = struct.Struct("!BBQ")
_SHORT = [bytes((_TEXT, size)) if size < 126 else _HEAD_16.pack(_TEXT, 126, size) for size in range(2048)]
_PING = b"\x89\x00"
_PONG = 0x8A


def text_frame(payload: bytes) -> bytes:
    """Return a text frame with this UTF-8 payload."""
    size = len(payload)
    if size < len(_SHORT):  # nearly all of them
        return _SHORT[size] + payload
    if size < 65_536:
        return _HEAD_16.pack(_TEXT, 126, size) + payload
    return _HEAD_64.pack(_TEXT, 127, size) + payload


def ping_frame() -> bytes:
    """Return an empty ping frame."""
    return _PING


def pong_frame(payload: bytes) -> bytes:
    """Return the pong frame to a ping with this payload (at most 125 bytes)."""
    return bytes((_PONG, len(payload))) + payload
