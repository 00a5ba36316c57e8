"""What a schema complains of, one field a line."""

from collections.abc import Iterator, Mapping
from typing import Any


def flat_messages(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Turn marshmallow's nested messages into {field, message}, ``path.to.0.field`` for nested ones."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from flat_messages(inner, path if name == "_schema" else f"{path}.{name}" if path else str(name))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield {"field": path, "message": str(message)}
