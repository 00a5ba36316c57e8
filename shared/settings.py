"""Settings from the environment: wrong variables stop the start, all named at once with their remedies."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from environs import Env, EnvError, EnvValidationError
from marshmallow import validate

T = TypeVar("T")

# api_service, which chooses a room's partition, has never accepted more, so no installation has more.
MOST_PARTITIONS: Final = 4_096
_HOST: Final = re.compile(r"[a-z0-9._:-]+")
_USUAL_PORTS: Final = {"http": 80, "https": 443}


class SettingsError(Exception):
    """What is wrong with the environment, a line per variable."""


def is_address(text: str, schemes: tuple[str, ...]) -> bool:
    """Return whether the text is a URL with one of the schemes and a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _address(value: str, *, schemes: tuple[str, ...], example: str) -> str:
    if not is_address(value, schemes):
        # The value may contain a password: describe the form, never print the value.
        raise EnvError(f"must be an address that starts with {' or '.join(f'{s}://' for s in schemes)}, e.g. {example}")
    return value.rstrip("/")


def _keys(value: str, *, size: int, at_least: bool, example: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in value.split(","):
        kid, _, encoded = part.strip().partition(":")
        try:
            raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not kid or len(raw) < size or (len(raw) > size and not at_least):
            bound = f"{'at least ' if at_least else ''}{size} bytes"
            raise EnvError(f"must be kid:base64url with {bound} behind the colon, e.g. {example}")
        found[kid] = raw
    return found


def _parsed(value: str, *, parse: Callable[[str], T]) -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise EnvError(str(error)) from None


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _origins(value: str) -> tuple[str, ...]:
    """Return the origins as browsers send them (RFC 6454, section 6.2): they are compared letter by letter."""
    found = _names(value)
    for number, part in enumerate(found, 1):
        origin = origin_of(part)
        if part != origin:
            reason = "must be http(s)://host[:port], each site spelled out; a pattern would let in strangers"
            remedy = f"is not as browsers send it; write {origin}" if origin else reason
            raise EnvError(f"entry {number} {remedy}.")
    return found


def origin_of(address: str) -> str | None:
    """Return the origin of an http(s) address as browsers send it: lower case, no path, no usual port; None if none."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in _USUAL_PORTS or not _HOST.fullmatch(host) or port == 0:
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in {None, _USUAL_PORTS[parts.scheme]} else "")


class Environment:
    """Reads variables one by one and collects what is wrong (environs, deferred), to be raised by ``finish``.

    The value returned for a wrong variable, mostly None, is never used: `read` raises first.
    """

    def __init__(self) -> None:
        self._env = Env(eager=False)
        self._env.add_parser("address", _address)
        self._env.add_parser("key_ring", _keys)
        self._env.add_parser("names", _names)
        self._env.add_parser("origins", _origins)
        self._env.add_parser("parsed", _parsed)
        self._examples: dict[str, str] = {}

    def text(self, name: str, *, default: str | None = None, example: str) -> str:
        self._examples[name] = example
        return cast("str", self._env.str(name, **_given(default), validate=validate.Length(min=1)))

    def folder(self, name: str, *, default: str) -> Path:
        return Path(self.text(name, default=default, example=default) or default)

    def integer(self, name: str, *, default: int, low: int, high: int) -> int:
        self._examples[name] = str(default)
        return self._env.int(name, default, validate=validate.Range(low, high))

    def number(self, name: str, *, default: float, low: float, high: float) -> float:
        self._examples[name] = str(default)
        return self._env.float(name, default, validate=validate.Range(low, high))

    def port(self, name: str, *, default: int) -> int:
        return self.integer(name, default=default, low=1, high=65535)

    def partitions(self) -> int:
        """Read PARTITIONS, which must be the same in both services."""
        return self.integer("PARTITIONS", default=64, low=1, high=MOST_PARTITIONS)

    def origins(self, name: str = "ALLOWED_ORIGINS", *, default: str | None = None) -> tuple[str, ...]:
        """Read exact origins, separated by commas: whose pages may use us. ALLOWED_ORIGINS is for both services."""
        self._examples[name] = "https://cinema.example"
        return cast("tuple[str, ...]", self._env.origins(name, **_given(default)) or ())

    def choice(self, name: str, options: tuple[str, ...], *, default: str) -> str:
        self._examples[name] = default
        return self._env.str(name, default, validate=validate.OneOf(options))

    def address(self, name: str, *schemes: str, default: str | None = None, example: str) -> str:
        """Read an address with one of the schemes; a trailing slash is removed."""
        self._examples[name] = example
        return cast("str", self._env.address(name, **_given(default), schemes=schemes, example=example))

    def parsed(self, name: str, parse: Callable[[str], T], *, default: str | None = None, example: str) -> T:
        """Read the result of ``parse`` for the text; its ValueError says what is wrong, never the value."""
        self._examples[name] = example
        return cast("T", self._env.parsed(name, **_given(default), parse=parse))

    def key(self, name: str, *, size: int, example: str) -> tuple[str, bytes]:
        """Read one ``kid:base64url`` key of ``size`` bytes."""
        return next(iter(self.keys(name, size=size, example=example).items()))

    def keys(self, name: str, *, size: int, at_least: bool = False, example: str) -> dict[str, bytes]:
        """Read ``kid:base64url`` keys separated by commas, in their order; ``size`` is in bytes."""
        self._examples[name] = example
        found = self._env.key_ring(name, size=size, at_least=at_least, example=example)
        return cast("dict[str, bytes]", found or {"": b"\0" * size})

    def names(self, name: str, *, default: str | None = None, example: str) -> tuple[str, ...]:
        """Read a list separated by commas."""
        self._examples[name] = example
        return cast("tuple[str, ...]", self._env.names(name, **_given(default)) or ())

    def finish(self) -> None:
        """Raise SettingsError if any variable read so far was wrong."""
        try:
            self._env.seal()
        except EnvValidationError as error:
            messages = cast("dict[str, list[str]]", error.error_messages)
            lines = [f"{name}: {self._remedy(name, ' '.join(texts))}" for name, texts in messages.items()]
            raise SettingsError("\n".join(lines)) from None

    def _remedy(self, name: str, text: str) -> str:
        example = self._examples[name]
        return text if "e.g. " in text else f"{text} Set it, e.g. {name}={example}"


def _given(default: str | None) -> dict[str, Any]:
    return {} if default is None else {"default": default}


def read(build: Callable[[Environment], T]) -> T:
    """Return ``build``'s settings from the environment; raises SettingsError naming all bad variables with remedies."""
    environment = Environment()
    settings = build(environment)
    environment.finish()
    return settings
