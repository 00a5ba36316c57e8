"""The demo's films and viewers for an empty installation: `python -m api_service seed`.

Safe to repeat, also while the service runs. The films follow `films.json`: what differs is updated. Everything else
belongs to people once it exists: a viewer gets friends, requests and a watchlist only in the run that adds the viewer,
so a friendship that was ended or a film that was taken off a list stays so. A viewer who signed in before the first
seed counts as known, and gets nothing. Everything happens in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from sqlalchemy import Text, Uuid, bindparam, func, literal_column, or_, select
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import JSONB, insert
from uuid_utils.compat import uuid7

from api_service.database import Database, Statement, Transaction
from api_service.tables import films, friendships, users, watchlist
from api_service.usecases.people import LOCALES

DEMO_DIR = "deploy/demo"
MEDIA_PREFIX = "/demo/media/"  # where api_service serves `DEMO_DIR/media`


class _FilmSchema(Schema):
    id = fields.UUID(required=True)
    slug = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9-]+$"))
    title = fields.Dict(keys=fields.String(validate=validate.OneOf(LOCALES)), values=fields.String(), required=True)
    description = fields.Dict(
        keys=fields.String(validate=validate.OneOf(LOCALES)), values=fields.String(), required=True
    )
    year = fields.Integer(required=True)
    duration_ms = fields.Integer(required=True, validate=validate.Range(min=1))
    genres = fields.List(fields.String(), load_default=list)
    age_rating = fields.String(load_default=None)
    media = fields.String(required=True)
    poster = fields.String(required=True)


class _ViewerSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    sub = fields.String(required=True, validate=validate.Length(min=1))
    name = fields.String(required=True, validate=validate.Length(min=1))
    email = fields.Email(required=True)
    locale = fields.String(required=True, validate=validate.OneOf(LOCALES))
    friends = fields.List(fields.String(), load_default=list)
    requests = fields.List(fields.String(), load_default=list)  # who was asked to be friends and has not answered
    watchlist = fields.List(fields.String(), load_default=list)


class DemoError(Exception):
    """The demo cannot be read or written; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The content of `films.json` and `viewers.json`; every name in a list exists."""

    films: list[dict[str, Any]]
    viewers: list[dict[str, Any]]


@dataclass(slots=True)
class Report:
    """What a run did."""

    new_films: list[str] = field(default_factory=list)
    changed_films: list[str] = field(default_factory=list)
    new_viewers: list[str] = field(default_factory=list)
    friendships: int = 0
    requests: int = 0
    wishes: int = 0

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        return [
            f"films: {len(self.new_films)} new, {len(self.changed_films)} brought up to date",
            f"viewers: {len(self.new_viewers)} new{': ' if self.new_viewers else ''}{', '.join(self.new_viewers)}",
            f"for the new viewers: {self.friendships} friendships, {self.requests} requests, {self.wishes} wishes",
        ]


_FILM_COLUMNS = (
    *("slug", "title", "description", "year", "duration_ms", "genres", "age_rating"),
    *("media_url", "poster_url"),
)
_film = insert(films).values(
    {
        **{name: bindparam(name) for name in ("id", *_FILM_COLUMNS)},
        "genres": cast_to(bindparam("genres", type_=Text), JSONB),  # the driver takes a list for an array
    }
)
_PUT_FILM = Statement(
    _film.on_conflict_do_update(
        index_elements=[films.c.id],
        set_={**{name: _film.excluded[name] for name in _FILM_COLUMNS}, "updated_at": func.now()},
        where=or_(*(films.c[name].is_distinct_from(_film.excluded[name]) for name in _FILM_COLUMNS)),
        # PostgreSQL: `xmax` is 0 in a row that this statement inserted, and set in one that it updated.
    ).returning(literal_column("(xmax = 0)").label("is_new"))
)
_ADD_VIEWER = Statement(
    insert(users)
    .values({name: bindparam(name) for name in ("id", "issuer", "subject", "name", "email", "locale")})
    .on_conflict_do_nothing(index_elements=[users.c.issuer, users.c.subject])
    .returning(users.c.id)
)
_VIEWER = Statement(
    select(users.c.id).where(
        users.c.issuer == bindparam("issuer", type_=Text), users.c.subject == bindparam("subject", type_=Text)
    )
)
_pair = {name: bindparam(name, type_=Uuid) for name in ("low_id", "high_id", "requested_by")}
_ASK = Statement(insert(friendships).values(**_pair).on_conflict_do_nothing())
_BEFRIEND = Statement(insert(friendships).values(**_pair, accepted_at=func.now()).on_conflict_do_nothing())
_WISH = Statement(
    insert(watchlist)
    .values(user_id=bindparam("user_id", type_=Uuid), film_id=bindparam("film_id", type_=Uuid))
    .on_conflict_do_nothing()
)


def read_demo(folder: Path) -> Demo:
    """Read and check the demo files; raises DemoError."""
    demo = Demo(_read(folder / "films.json", _FilmSchema()), _read(folder / "viewers.json", _ViewerSchema()))
    slugs, subs = {film["slug"] for film in demo.films}, {viewer["sub"] for viewer in demo.viewers}
    for viewer in demo.viewers:
        for name, known, kind in (
            ("friends", subs, "viewer"),
            ("requests", subs, "viewer"),
            ("watchlist", slugs, "film"),
        ):
            for entry in viewer[name]:
                if entry not in known or entry == viewer["sub"]:
                    raise DemoError(
                        f"{folder / 'viewers.json'}: {viewer['sub']}.{name} names {entry!r}, no other {kind}"
                    )
    return demo


async def seed(db: Database, demo: Demo, issuer: str) -> Report:
    """Bring the demo into the database; `issuer` is whose subjects the viewers are."""
    report = Report()
    async with db.transaction() as transaction:
        for film in demo.films:
            await _put_film(transaction, film, report)
        ids: dict[str, UUID] = {}
        for viewer in demo.viewers:
            ids[viewer["sub"]] = await _add_viewer(transaction, viewer, issuer, report)
        new = set(report.new_viewers)
        for one, other, accepted in _ties(demo.viewers):
            if one in new or other in new:
                await _tie(transaction, ids[one], ids[other], report, accepted=accepted)
        film_ids = {film["slug"]: film["id"] for film in demo.films}
        for viewer in demo.viewers:
            for slug in viewer["watchlist"] if viewer["sub"] in new else ():
                report.wishes += await transaction.run(_WISH, user_id=ids[viewer["sub"]], film_id=film_ids[slug])
    return report


async def _put_film(transaction: Transaction, film: dict[str, Any], report: Report) -> None:
    columns = {name: film[name] for name in _FILM_COLUMNS if name in film} | {"genres": json.dumps(film["genres"])}
    addresses = {f"{name}_url": MEDIA_PREFIX + film[name] for name in ("media", "poster")}
    row = await transaction.first(_PUT_FILM, id=film["id"], **columns, **addresses)
    if row is not None:
        (report.new_films if row.is_new else report.changed_films).append(film["slug"])


async def _add_viewer(transaction: Transaction, viewer: dict[str, Any], issuer: str, report: Report) -> UUID:
    account = {name: viewer[name] for name in ("name", "email", "locale")}
    row = await transaction.first(_ADD_VIEWER, id=uuid7(), issuer=issuer, subject=viewer["sub"], **account)
    if row is None:
        row = await transaction.one(_VIEWER, issuer=issuer, subject=viewer["sub"])
    else:
        report.new_viewers.append(viewer["sub"])
    return cast("UUID", row.id)


def _ties(viewers: Iterable[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    """Return (who asked, whom, whether accepted), each pair of friends once even if both name each other."""
    friends = {
        cast("tuple[str, str]", tuple(sorted((viewer["sub"], other))))
        for viewer in viewers
        for other in viewer["friends"]
    }
    asked = [(viewer["sub"], other) for viewer in viewers for other in viewer["requests"]]
    return [*((one, other, True) for one, other in sorted(friends)), *((one, other, False) for one, other in asked)]


async def _tie(transaction: Transaction, asker: UUID, asked: UUID, report: Report, *, accepted: bool) -> None:
    low, high = sorted((asker, asked))
    made = await transaction.run(_BEFRIEND if accepted else _ASK, low_id=low, high_id=high, requested_by=asker)
    if accepted:
        report.friendships += made
    else:
        report.requests += made


def _read(path: Path, schema: Schema) -> list[dict[str, Any]]:
    try:
        return cast("list[dict[str, Any]]", schema.load(json.loads(path.read_text("utf-8")), many=True))
    except OSError as error:
        raise DemoError(f"{path} cannot be read ({error.strerror}): set DEMO_DIR to the folder with the demo") from None
    except ValueError as error:  # both broken JSON and values that the schema refuses
        what = error.messages if isinstance(error, ValidationError) else error
        raise DemoError(f"{path}: {what}") from None
