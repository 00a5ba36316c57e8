"""Friendships and wishes that are fed: what ties two things that are known by the cinema's own ids.

A tie has no content beside its being there, so a version is a moment and "there" or "taken back". Ties made here take
part with the moment of their making. What is taken back leaves a tombstone, which an older version cannot undo; of two
versions of one moment, taking back wins.
"""

from typing import Final

from sqlalchemy import text

from api_service.database import Statement

_FRIENDSHIPS = """
WITH row AS (
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS row (
        n integer, issuer text, subject text, friend text, version_at timestamptz, removed boolean
    )
), found AS (
    SELECT row.n, row.version_at, row.removed, one.id AS one_id, other.id AS other_id,
        least(one.id, other.id) AS low_id, greatest(one.id, other.id) AS high_id
    FROM row
    LEFT JOIN users AS one ON one.issuer = row.issuer AND one.subject = row.subject AND one.removed_at IS NULL
    LEFT JOIN users AS other ON other.issuer = row.issuer AND other.subject = row.friend AND other.removed_at IS NULL
), before AS (
    SELECT found.*, tie.accepted_at IS NOT NULL AS there,
        greatest(CASE WHEN tie.accepted_at IS NOT NULL THEN tie.version_at END, tombstone.version_at) AS standing_at
    FROM found
    LEFT JOIN friendships AS tie USING (low_id, high_id)
    LEFT JOIN removed_friendships AS tombstone USING (low_id, high_id)
    WHERE one_id IS NOT NULL AND other_id IS NOT NULL
), newer AS (
    SELECT * FROM before
    WHERE standing_at IS NULL OR version_at > standing_at OR (removed AND there AND version_at = standing_at)
), put AS (
    INSERT INTO friendships AS tie (low_id, high_id, requested_by, accepted_at, version_at, fed)
    SELECT low_id, high_id, one_id, now(), version_at, true FROM newer WHERE NOT removed ORDER BY low_id, high_id
    ON CONFLICT (low_id, high_id) DO UPDATE SET
        accepted_at = coalesce(tie.accepted_at, excluded.accepted_at), version_at = excluded.version_at, fed = true
    WHERE tie.accepted_at IS NULL OR tie.version_at < excluded.version_at
), taken AS (
    DELETE FROM friendships AS tie USING newer
    WHERE newer.removed AND tie.low_id = newer.low_id AND tie.high_id = newer.high_id
        AND tie.accepted_at IS NOT NULL AND tie.version_at <= newer.version_at
), tombstones AS (
    INSERT INTO removed_friendships AS tombstone (low_id, high_id, version_at)
    SELECT low_id, high_id, version_at FROM newer WHERE removed ORDER BY low_id, high_id
    ON CONFLICT (low_id, high_id) DO UPDATE SET
        version_at = greatest(tombstone.version_at, excluded.version_at), removed_at = now()
)
SELECT found.n, CASE WHEN found.one_id IS NULL THEN 'subject' WHEN found.other_id IS NULL THEN 'friend' END AS missing,
    CASE WHEN newer.n IS NULL OR newer.there <> newer.removed THEN 'unchanged'
        WHEN newer.removed THEN 'changed' ELSE 'created' END AS result
FROM found LEFT JOIN newer USING (n)
"""
_WISHES = """
WITH row AS (
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS row (
        n integer, issuer text, subject text, film text, version_at timestamptz, removed boolean
    )
), found AS (
    SELECT row.n, row.version_at, row.removed, person.id AS user_id, film.id AS film_id
    FROM row
    LEFT JOIN users AS person
        ON person.issuer = row.issuer AND person.subject = row.subject AND person.removed_at IS NULL
    LEFT JOIN films AS film ON film.external_id = row.film AND film.removed_at IS NULL
), before AS (
    SELECT found.*, tie.user_id IS NOT NULL AS there, greatest(tie.version_at, tombstone.version_at) AS standing_at
    FROM found
    LEFT JOIN watchlist AS tie USING (user_id, film_id)
    LEFT JOIN removed_wishes AS tombstone USING (user_id, film_id)
    WHERE found.user_id IS NOT NULL AND found.film_id IS NOT NULL
), newer AS (
    SELECT * FROM before
    WHERE standing_at IS NULL OR version_at > standing_at OR (removed AND there AND version_at = standing_at)
), put AS (
    INSERT INTO watchlist AS tie (user_id, film_id, version_at, fed)
    SELECT user_id, film_id, version_at, true FROM newer WHERE NOT removed ORDER BY user_id, film_id
    ON CONFLICT (user_id, film_id) DO UPDATE SET version_at = excluded.version_at, fed = true
    WHERE tie.version_at < excluded.version_at
), taken AS (
    DELETE FROM watchlist AS tie USING newer
    WHERE newer.removed AND tie.user_id = newer.user_id AND tie.film_id = newer.film_id
        AND tie.version_at <= newer.version_at
), tombstones AS (
    INSERT INTO removed_wishes AS tombstone (user_id, film_id, version_at)
    SELECT user_id, film_id, version_at FROM newer WHERE removed ORDER BY user_id, film_id
    ON CONFLICT (user_id, film_id) DO UPDATE SET
        version_at = greatest(tombstone.version_at, excluded.version_at), removed_at = now()
)
SELECT found.n, CASE WHEN found.user_id IS NULL THEN 'subject' WHEN found.film_id IS NULL THEN 'film' END AS missing,
    CASE WHEN newer.n IS NULL OR newer.there <> newer.removed THEN 'unchanged'
        WHEN newer.removed THEN 'changed' ELSE 'created' END AS result
FROM found LEFT JOIN newer USING (n)
"""

APPLY_FRIENDSHIPS: Final = Statement(text(_FRIENDSHIPS))
NAME_FRIENDSHIPS: Final = Statement(
    text("""
INSERT INTO feed_named (run_id, kind, one_id, other_id)
SELECT :run_id, 'friendships', least(one.id, other.id), greatest(one.id, other.id)
FROM json_to_recordset(CAST(:rows AS json)) AS row (issuer text, subject text, friend text)
JOIN users AS one ON one.issuer = row.issuer AND one.subject = row.subject
JOIN users AS other ON other.issuer = row.issuer AND other.subject = row.friend
ON CONFLICT DO NOTHING
""")
)
APPLY_WISHES: Final = Statement(text(_WISHES))
NAME_WISHES: Final = Statement(
    text("""
INSERT INTO feed_named (run_id, kind, one_id, other_id)
SELECT :run_id, 'wishes', person.id, film.id
FROM json_to_recordset(CAST(:rows AS json)) AS row (issuer text, subject text, film text)
JOIN users AS person ON person.issuer = row.issuer AND person.subject = row.subject
JOIN films AS film ON film.external_id = row.film
ON CONFLICT DO NOTHING
""")
)
