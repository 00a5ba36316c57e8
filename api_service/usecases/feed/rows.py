"""Rows of the feed: read one by one, applied many at once, each with a result of its own."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, Literal

import orjson
from marshmallow import RAISE, Schema, ValidationError
from sqlalchemy import Text, bindparam, func, select
from uuid_utils.compat import uuid7

from api_service.database import ConstraintViolated, Database, InvalidValue, Statement, Transaction
from api_service.field_errors import flat_messages
from api_service.problems import FILM_NOT_FOUND, INVALID_FIELDS, INVALID_JSON, PERSON_NOT_FOUND, Kind
from api_service.usecases.feed import films, people, ties
from shared.feed import FilmRowSchema, FriendshipRowSchema, PersonRowSchema, WishRowSchema

Result = Literal["created", "changed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row was refused: ``code`` as in docs/errors.md, and which field is wrong, if one is."""

    code: str
    field: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row; a refused one says why."""

    result: Result
    problem: RowProblem | None = None


def refused(kind: Kind, field: str | None = None, detail: str | None = None) -> Outcome:
    """Return the outcome of a row that was not taken."""
    return Outcome("refused", RowProblem(kind.code, field, detail or kind.detail))


@dataclass(frozen=True)
class Feed:
    """One of the four kinds of rows: how they are read, known, stored, and named by a complete run."""

    name: str
    schema: Schema
    key: tuple[str, ...]
    columns: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    apply: Statement
    name_rows: Statement
    # By field: the problem of naming what was not fed, as the statement's `missing` tells of it.
    missing: Mapping[str, tuple[Kind, str]]
    # Of people and films the content may differ between versions of one moment.
    has_content: bool = True

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what tells the row's thing from others; a friendship has no first and second."""
        values = tuple(str(row[name]) for name in self.key)
        return (values[0], *sorted(values[1:])) if self.name == "friendships" else values

    def record(self, row: Mapping[str, Any], n: int) -> dict[str, Any]:
        """Return what the statement needs of a row."""
        removed = row["deleted"]
        record = {"n": n, **{name: row[name] for name in self.key}, "version_at": row["updated_at"], "removed": removed}
        if not self.has_content:
            return record
        columns = self.columns(row)
        return {**record, "id": uuid7(), "digest": "" if removed else _digest(columns), **columns}


def _no_columns(_row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


_NOBODY: Final = (PERSON_NOT_FOUND, "Nobody has this subject: feed the person first, or wait until they sign in.")
_NO_FILM: Final = (FILM_NOT_FOUND, "No film has this external_id: feed the film first.")
FILMS: Final = Feed(
    "films", FilmRowSchema(unknown=RAISE), ("external_id",), films.columns_of, films.APPLY, films.NAME, {}
)
PEOPLE: Final = Feed(
    "people", PersonRowSchema(unknown=RAISE), ("issuer", "subject"), people.columns_of, people.APPLY, people.NAME, {}
)
FRIENDSHIPS: Final = Feed(
    "friendships",
    FriendshipRowSchema(unknown=RAISE),
    ("issuer", "subject", "friend"),
    _no_columns,
    ties.APPLY_FRIENDSHIPS,
    ties.NAME_FRIENDSHIPS,
    {"subject": _NOBODY, "friend": _NOBODY},
    has_content=False,
)
WISHES: Final = Feed(
    "wishes",
    WishRowSchema(unknown=RAISE),
    ("issuer", "subject", "film"),
    _no_columns,
    ties.APPLY_WISHES,
    ties.NAME_WISHES,
    {"subject": _NOBODY, "film": _NO_FILM},
    has_content=False,
)
FEEDS: Final = {feed.name: feed for feed in (FILMS, PEOPLE, FRIENDSHIPS, WISHES)}

# Batches of one kind take turns: without locks between them, two that carry versions of one row, or rows in another
# order, would each miss what the other has not committed yet. It is a statement of its own, before the one that reads.
TURN: Final = Statement(select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("turn", type_=Text), 0))))


@dataclass(frozen=True, slots=True)
class Taken:
    """A row as it was read: with its ``values``, or with why not; ``key`` is what a complete run counts as named."""

    values: Mapping[str, Any] | None
    outcome: Outcome | None
    key: Mapping[str, str] | None


def read(feed: Feed, line: bytes, issuer: str) -> Taken:
    """Read one line of NDJSON; ``issuer`` is whose subjects are meant where the row does not say."""
    try:
        # orjson refuses NaN and lone surrogates, neither of which PostgreSQL would store.
        raw = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Taken(None, refused(INVALID_JSON, detail=f"This line is not JSON: {error}."), None)
    return read_object(feed, raw, issuer)


def read_object(feed: Feed, raw: Any, issuer: str, *, schema: Schema | None = None) -> Taken:
    """Read one row that is JSON already; a broker event's ``schema`` takes no offence at fields it does not know."""
    key = _readable_key(feed, raw, issuer)
    try:
        values = (schema or feed.schema).load(raw)
    except ValidationError as error:
        wrong = next(flat_messages(error.messages_dict))
        return Taken(None, refused(INVALID_FIELDS, wrong["field"] or None, wrong["message"]), key)
    if "issuer" in feed.key:
        values["issuer"] = values["issuer"] or issuer
    return Taken(values, None, key)


async def apply(db: Database, feed: Feed, rows: Sequence[Taken], *, run_id: str | None = None) -> list[Outcome]:
    """Bring rows in and return an outcome for each, in their order.

    What is applied is committed: repeating the call changes nothing. With ``run_id`` every row whose ids could be read
    counts as named by that run. Raises DatabaseUnavailable.
    """
    outcomes = [row.outcome for row in rows]
    good = [(place, row.values) for place, row in enumerate(rows) if row.values is not None]
    for together in _rounds(feed, good):
        for (place, _), outcome in zip(together, await _apply(db, feed, [row for _, row in together]), strict=True):
            outcomes[place] = outcome
    if run_id is not None:
        named = [row.key for row in rows if row.key is not None]
        await db.run(feed.name_rows, run_id=run_id, rows=_json(named))
    return [outcome for outcome in outcomes if outcome is not None]


async def apply_in(transaction: Transaction, feed: Feed, rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Bring in rows of different things within a transaction of the caller's, all of them or, by an exception, none."""
    await transaction.run(TURN, turn=f"feed.{feed.name}")
    records = _json([feed.record(row, n) for n, row in enumerate(rows)])
    found = {answer.n: answer for answer in await transaction.all(feed.apply, rows=records)}
    return [_outcome(feed, found[n]) for n in range(len(rows))]


async def _apply(db: Database, feed: Feed, rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    try:
        async with db.transaction() as transaction:
            return await apply_in(transaction, feed, rows)
    except (ConstraintViolated, InvalidValue) as error:
        # The schema lets through nothing that PostgreSQL refuses; should it, the row stands for itself alone.
        if len(rows) == 1:
            return [refused(INVALID_FIELDS, detail=f"This row cannot be stored: {error}")]
        middle = len(rows) // 2
        return [*await _apply(db, feed, rows[:middle]), *await _apply(db, feed, rows[middle:])]


def _rounds(feed: Feed, rows: Sequence[tuple[int, Any]]) -> Iterator[list[tuple[int, Any]]]:
    """Part rows so that no part has two versions of one thing: a statement sees only what was there before it."""
    by_key: dict[tuple[str, ...], list[tuple[int, Any]]] = {}
    for place, row in rows:
        by_key.setdefault(feed.key_of(row), []).append((place, row))
    for part in zip_longest(*by_key.values()) if len(by_key) < len(rows) else [rows]:
        if found := [one for one in part if one is not None]:
            yield found


def _outcome(feed: Feed, answer: Any) -> Outcome:
    if answer.missing is not None:
        kind, detail = feed.missing[answer.missing]
        return refused(kind, answer.missing, detail)
    return Outcome(answer.result)


def _readable_key(feed: Feed, raw: Any, issuer: str) -> Mapping[str, str] | None:
    if not isinstance(raw, dict):
        return None
    key = {name: raw.get(name) or (issuer if name == "issuer" else "") for name in feed.key}
    readable = all(isinstance(value, str) and value and "\0" not in value for value in key.values())
    return key if readable else None


def _digest(columns: Mapping[str, Any]) -> str:
    told = orjson.dumps(columns, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows, option=orjson.OPT_UTC_Z).decode()
