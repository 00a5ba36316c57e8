"""Films that are fed: which columns a row becomes, and the statement that brings many in."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from api_service.database import Statement

# Our own page plays HLS and files; who plays DASH has `sources`.
_PLAYED_FIRST: Final = ("hls", "file", "dash")
_COLUMNS: Final = {
    "title": "jsonb",
    "description": "jsonb",
    "year": "smallint",
    "duration_ms": "bigint",
    "media_url": "text",
    "poster_url": "text",
    "backdrop_url": "text",
    "watch_url": "text",
    "age_rating": "text",
    "genres": "jsonb",
    "sources": "jsonb",
    "captions": "jsonb",
    "audio": "jsonb",
    "trailers": "jsonb",
    "available_from": "timestamptz",
    "available_until": "timestamptz",
}


def columns_of(film: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a fed film's facts."""
    ranked = sorted(film["sources"], key=lambda source: _PLAYED_FIRST.index(source["kind"]))
    return {
        **{name: film[name] for name in _COLUMNS if name in film},
        # A film that is removed before it was ever seen has no title, and nobody sees it.
        "title": film["titles"] or {"und": film["external_id"]},
        "description": film["descriptions"],
        "media_url": ranked[0]["url"] if ranked else None,
    }


_names = ", ".join(_COLUMNS)
_changes = ", ".join(
    f"{name} = CASE WHEN excluded.removed_at IS NULL THEN excluded.{name} ELSE film.{name} END" for name in _COLUMNS
)
# A removed film keeps its facts, for the rooms that show it; the same version in another order ends up the same way.
APPLY: Final = Statement(
    text(f"""
WITH row AS (
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS row (
        n integer, id uuid, external_id text, version_at timestamptz, removed boolean, digest text,
        {", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())}
    )
), before AS (
    SELECT row.n, film.id IS NOT NULL AND film.removed_at IS NULL AS there, film.version_digest AS digest
    FROM row LEFT JOIN films AS film USING (external_id)
), put AS (
    INSERT INTO films AS film (id, slug, external_id, version_at, version_digest, removed_at, {_names})
    SELECT id, id::text, external_id, version_at, digest, CASE WHEN removed THEN now() END, {_names}
    FROM row ORDER BY external_id
    ON CONFLICT (external_id) DO UPDATE SET
        version_at = excluded.version_at, version_digest = excluded.version_digest, updated_at = now(),
        removed_at = CASE WHEN excluded.removed_at IS NOT NULL THEN coalesce(film.removed_at, now()) END,
        {_changes}
    WHERE (coalesce(film.version_at, '-infinity'), film.removed_at IS NOT NULL, coalesce(film.version_digest, ''))
        < (excluded.version_at, excluded.removed_at IS NOT NULL, excluded.version_digest)
    RETURNING external_id
)
SELECT row.n, NULL::text AS missing, CASE
    WHEN put.external_id IS NULL THEN 'unchanged'
    WHEN row.removed THEN CASE WHEN before.there THEN 'changed' ELSE 'unchanged' END
    WHEN NOT before.there THEN 'created'
    WHEN before.digest = row.digest THEN 'unchanged'
    ELSE 'changed'
END AS result
FROM row JOIN before USING (n) LEFT JOIN put USING (external_id)
""")  # noqa: S608 - of constants above
)
NAME: Final = Statement(
    text("""
INSERT INTO feed_named (run_id, kind, one_id, other_id)
SELECT :run_id, 'films', film.id, film.id
FROM json_to_recordset(CAST(:rows AS json)) AS row (external_id text) JOIN films AS film USING (external_id)
ON CONFLICT DO NOTHING
""")
)
