"""What schemathesis has to be told of our API: rows, files of captions, and moments that a screening may start at."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies

NDJSON = "application/x-ndjson"
_GOOD_KEY = re.compile(r"[!-~]([ -~]*[!-~])?")
_NOW = datetime.now(UTC)

# A room starts within a year, which no schema can say.
schemathesis.openapi.format(
    "date-time",
    strategies.datetimes(
        min_value=_NOW.replace(tzinfo=None) + timedelta(hours=1),
        max_value=_NOW.replace(tzinfo=None) + timedelta(days=300),
        timezones=strategies.just(UTC),
    ).map(datetime.isoformat),
)

# Of a title something can be seen, a letter at least, which is a matter of Unicode's properties.
_ANY = strategies.characters(exclude_categories=["Cc", "Cs"])
schemathesis.openapi.format("seen", strategies.text(_ANY, max_size=99).map("a".__add__))


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _options: dict[str, Any]) -> None:
    """Set a key of its own for each order: a key that was used for another is refused, whatever the schema says."""
    if case.headers and _GOOD_KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid4())


@schemathesis.serializer(NDJSON)
def one_row(_context: schemathesis.SerializationContext, row: Any) -> bytes:
    """Return a body of one line, which the schema describes."""
    return row if isinstance(row, bytes) else json.dumps(row).encode()


@schemathesis.serializer("application/x-subrip")
def as_it_is(_context: schemathesis.SerializationContext, file: Any) -> bytes:
    """Return a body that is a file."""
    return file if isinstance(file, bytes) else str(file).encode(errors="surrogateescape")


@schemathesis.deserializer(NDJSON)
def one_result(_context: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    """Return the result of the one row that was sent; an empty line has none."""
    return json.loads(response.content.splitlines()[0])
