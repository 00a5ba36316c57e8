"""People who are fed: which columns a row becomes, and the statement that brings many in.

The row is the account of the same issuer and subject, so whoever signs in later finds it. Taking a person out ends
their friendships and empties their list; the account itself stays for the rooms they were in, and nobody finds it.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from api_service.database import Statement
from api_service.usecases.people import LOCALES
from shared.texts import name_among

_COLUMNS: Final = ("name", "email", "locale", "time_zone", "picture_url")


def columns_of(person: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a fed person's profile; a language that we do not speak becomes the default one."""
    language = (person["locale"] or "").partition("-")[0]
    return {
        **{name: person[name] for name in _COLUMNS},
        "name": name_among(person["name"] or "", person["subject"]),
        "locale": language if language in LOCALES else LOCALES[0],
    }


_names = ", ".join(_COLUMNS)
APPLY: Final = Statement(
    text(f"""
WITH row AS (
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS row (
        n integer, id uuid, issuer text, subject text, version_at timestamptz, removed boolean, digest text,
        name text, email text, locale text, time_zone text, picture_url text
    )
), before AS (
    SELECT row.n, person.id IS NOT NULL AND person.removed_at IS NULL AS there, person.version_digest AS digest
    FROM row LEFT JOIN users AS person USING (issuer, subject)
), put AS (
    INSERT INTO users AS person (id, issuer, subject, version_at, version_digest, removed_at, {_names})
    SELECT id, issuer, subject, version_at, digest, CASE WHEN removed THEN now() END, {_names}
    FROM row ORDER BY issuer, subject
    ON CONFLICT (issuer, subject) DO UPDATE SET
        version_at = excluded.version_at, version_digest = excluded.version_digest, updated_at = now(),
        removed_at = CASE WHEN excluded.removed_at IS NOT NULL THEN coalesce(person.removed_at, now()) END,
        name = CASE WHEN excluded.removed_at IS NULL THEN excluded.name ELSE person.name END,
        email = excluded.email, locale = excluded.locale, time_zone = excluded.time_zone,
        picture_url = excluded.picture_url
    WHERE (coalesce(person.version_at, '-infinity'), person.removed_at IS NOT NULL, coalesce(person.version_digest, ''))
        < (excluded.version_at, excluded.removed_at IS NOT NULL, excluded.version_digest)
    RETURNING id, issuer, subject, removed_at
), gone AS (
    SELECT id FROM put WHERE removed_at IS NOT NULL
), parted AS (
    DELETE FROM friendships WHERE low_id IN (SELECT id FROM gone) OR high_id IN (SELECT id FROM gone)
), emptied AS (
    DELETE FROM watchlist WHERE user_id IN (SELECT id FROM gone)
)
SELECT row.n, NULL::text AS missing, CASE
    WHEN put.id IS NULL THEN 'unchanged'
    WHEN row.removed THEN CASE WHEN before.there THEN 'changed' ELSE 'unchanged' END
    WHEN NOT before.there THEN 'created'
    WHEN before.digest = row.digest THEN 'unchanged'
    ELSE 'changed'
END AS result
FROM row JOIN before USING (n) LEFT JOIN put USING (issuer, subject)
""")  # noqa: S608 - of constants above
)
NAME: Final = Statement(
    text("""
INSERT INTO feed_named (run_id, kind, one_id, other_id)
SELECT :run_id, 'people', person.id, person.id
FROM json_to_recordset(CAST(:rows AS json)) AS row (issuer text, subject text)
JOIN users AS person USING (issuer, subject)
ON CONFLICT DO NOTHING
""")
)
