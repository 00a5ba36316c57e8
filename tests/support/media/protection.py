"""Common encryption (ISO/IEC 23001-7, scheme `cenc`) of fragmented MP4: AES in counter mode with one key.

Debian's ffmpeg encrypts no fragments. Only what ffmpeg's DASH files consist of is understood: one track a file, one run
of samples a fragment, offsets from the fragment's beginning.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_COMMON_SYSTEM: Final = bytes.fromhex("1077efecc0b24d02ace33c1e52e2fb4b")
_ENCRYPTED: Final = {b"avc1": b"encv", b"mp4a": b"enca"}
_CONTAINERS: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
# How long a sample entry's own fields are, before the boxes in it (ISO/IEC 14496-12, 12.1.3 and 12.2.3).
_ENTRY_FIELDS: Final = {b"avc1": 78, b"mp4a": 28}
_IV_BYTES: Final = 8
# Of each unit of H.264 its length and its header stay clear, and so do units that hold no picture (clause 9.4).
_CLEAR_BYTES: Final = 32
_PICTURES: Final = range(1, 6)
_HAS_SUBSAMPLES: Final = 0x2


def protect(data: bytes, key: bytes, key_id: bytes, *, first_iv: int, picture: bool) -> bytes:
    """Return a file of a fragmented MP4 (its beginning, or a segment) encrypted, its first sample with this vector."""
    out, moof = bytearray(), b""
    ivs = (number.to_bytes(_IV_BYTES, "big") for number in itertools.count(first_iv))
    for name, body in _boxes(data):
        if name == b"moov":
            out += _box(name, _protect_moov(body, key_id) + _pssh(key_id))
        elif name == b"moof":
            moof = body
        elif name == b"mdat":
            samples = [_encrypt(sample, next(ivs), key, picture=picture) for sample in _samples(moof, body)]
            out += _protect_moof(moof, [info for info, _ in samples], _HAS_SUBSAMPLES if picture else 0)
            out += _box(name, *(sample for _, sample in samples))
        elif name != b"sidx":  # its sizes are not right any more, and playlists name the segments
            out += _box(name, body)
    return bytes(out)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (len(body) + 8).to_bytes(4, "big") + name + body


def _full_box(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(name, bytes([version]), flags.to_bytes(3, "big"), *parts)


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _protect_moov(body: bytes, key_id: bytes) -> bytes:
    out = b""
    for name, inner in _boxes(body):
        if name in _CONTAINERS:
            out += _box(name, _protect_moov(inner, key_id))
        elif name == b"stsd":
            [(entry, fields)] = _boxes(inner[8:])
            out += _box(name, inner[:8], _box(_ENCRYPTED[entry], fields, _sinf(entry, key_id)))
        else:
            out += _box(name, inner)
    return out


def _sinf(entry: bytes, key_id: bytes) -> bytes:
    tenc = _full_box(b"tenc", 0, 0, b"\0\0\1", bytes([_IV_BYTES]), key_id)
    scheme = _full_box(b"schm", 0, 0, b"cenc", _u32(0x10000))
    return _box(b"sinf", _box(b"frma", entry), scheme, _box(b"schi", tenc))


def _pssh(key_id: bytes) -> bytes:
    return _full_box(b"pssh", 1, 0, _COMMON_SYSTEM, _u32(1), key_id, _u32(0))


def _sample_sizes(moof: bytes) -> list[int]:
    traf = dict(_boxes(dict(_boxes(moof))[b"traf"]))
    run, flags = traf[b"trun"], int.from_bytes(traf[b"trun"][1:4], "big")
    count, at = int.from_bytes(run[4:8], "big"), 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    step = 4 * (flags >> 8 & 0xF).bit_count()
    if not flags & 0x200:
        return [_default_size(traf[b"tfhd"])] * count
    before = 4 * bool(flags & 0x100)
    return [int.from_bytes(run[at + n * step + before :][:4], "big") for n in range(count)]


def _samples(moof: bytes, data: bytes) -> Iterator[bytes]:
    at = 0
    for size in _sample_sizes(moof):
        yield data[at : at + size]
        at += size


def _default_size(header: bytes) -> int:
    flags = int.from_bytes(header[1:4], "big")
    at = 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2) + 4 * bool(flags & 0x8)
    return int.from_bytes(header[at : at + 4], "big")


def _protect_moof(moof: bytes, infos: list[bytes], flags: int) -> bytes:
    """Return a fragment's description with what a player needs to know of each sample (its vector, its clear parts)."""
    sizes = _full_box(b"saiz", 0, 0, b"\0", _u32(len(infos)), bytes(len(info) for info in infos))
    senc = _full_box(b"senc", 0, flags, _u32(len(infos)), *infos)
    added = len(sizes) + len(_saio(0)) + len(senc)
    out = b""
    for name, body in _boxes(moof):
        if name != b"traf":
            out += _box(name, body)
            continue
        inner = b""
        for part, fields in _boxes(body):
            if part == b"trun":  # the samples lie further from the fragment's beginning
                offset = int.from_bytes(fields[8:12], "big") + added
                fields = fields[:8] + _u32(offset) + fields[12:]
            inner += _box(part, fields)
        # From the fragment's beginning: its header, what came before, this box's header, its parts, senc's own fields.
        infos_at = 8 + len(out) + 8 + len(inner) + len(sizes) + len(_saio(0)) + 16
        out += _box(name, inner, sizes, _saio(infos_at), senc)
    return _box(b"moof", out)


def _saio(offset: int) -> bytes:
    return _full_box(b"saio", 0, 0, _u32(1), _u32(offset))


def _encrypt(sample: bytes, iv: bytes, key: bytes, *, picture: bool) -> tuple[bytes, bytes]:
    """Return what a player needs to know of a sample, and the sample encrypted."""
    cipher = Cipher(AES(key), CTR(iv + bytes(16 - _IV_BYTES))).encryptor()
    if not picture:
        return iv, cipher.update(sample)
    out, clear, entries, at = b"", b"", [], 0
    while at < len(sample):
        unit = sample[at : at + 4 + int.from_bytes(sample[at : at + 4], "big")]
        at += len(unit)
        secret = unit[_CLEAR_BYTES:] if unit[4] & 0x1F in _PICTURES else b""
        clear += unit[: len(unit) - len(secret)]
        if secret:
            entries.append(len(clear).to_bytes(2, "big") + _u32(len(secret)))
            out, clear = out + clear + cipher.update(secret), b""
    if clear:
        entries.append(len(clear).to_bytes(2, "big") + _u32(0))
    return iv + len(entries).to_bytes(2, "big") + b"".join(entries), out + clear
