"""One person's whole list of friends or wishes, replaced in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from api_service.database import Database, Statement
from api_service.problems import PERSON_NOT_FOUND
from api_service.usecases.feed.rows import FRIENDSHIPS, WISHES, Feed, Outcome, RowProblem, Taken, apply, read_object

ITEMS_MOST: Final = 10_000

_PERSON: Final = Statement(
    text("SELECT id FROM users WHERE issuer = :issuer AND subject = :subject AND removed_at IS NULL")
)
_FRIENDS: Final = Statement(
    text("""
SELECT other.subject AS item FROM friendships AS tie
JOIN users AS person ON person.id = :user_id
JOIN users AS other ON other.id = CASE WHEN tie.low_id = :user_id THEN tie.high_id ELSE tie.low_id END
WHERE (tie.low_id = :user_id OR tie.high_id = :user_id) AND tie.accepted_at IS NOT NULL AND other.issuer = person.issuer
""")
)
_WISHES: Final = Statement(
    text("""
SELECT film.external_id AS item FROM watchlist JOIN films AS film ON film.id = watchlist.film_id
WHERE watchlist.user_id = :user_id AND film.external_id IS NOT NULL
""")
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item of the list that was not taken, by its place."""

    index: int
    problem: RowProblem


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of a list: items that are new, those that went, those that stood already, and those refused."""

    created: int
    removed: int
    unchanged: int
    refused: list[Refusal]


async def replace_friends(
    db: Database, issuer: str, subject: str, friends: Sequence[str], updated_at: datetime
) -> Replaced:
    """Make a person's friends these people of the same issuer; raises the problem `person_not_found`."""
    return await _replace(db, FRIENDSHIPS, _FRIENDS, "friend", (issuer, subject), friends, updated_at)


async def replace_wishes(
    db: Database, issuer: str, subject: str, films: Sequence[str], updated_at: datetime
) -> Replaced:
    """Make these films, by their external ids, a person's list; raises the problem `person_not_found`."""
    return await _replace(db, WISHES, _WISHES, "film", (issuer, subject), films, updated_at)


async def _replace(
    db: Database,
    feed: Feed,
    standing: Statement,
    field: str,
    account: tuple[str, str],
    wanted: Sequence[str],
    updated_at: datetime,
) -> Replaced:
    issuer, subject = account
    person = await db.first(_PERSON, issuer=issuer, subject=subject)
    if person is None:
        raise PERSON_NOT_FOUND.problem("Nobody has this subject: feed the person first, or wait until they sign in.")
    there = {row.item for row in await db.all(standing, user_id=person.id)}
    going = sorted(there.difference(wanted))

    def row(item: str, *, deleted: bool) -> Taken:
        raw = {"subject": subject, field: item, "updated_at": updated_at.isoformat(), "deleted": deleted}
        return read_object(feed, raw, issuer)

    rows = [row(item, deleted=False) for item in wanted] + [row(item, deleted=True) for item in going]
    outcomes = await apply(db, feed, rows)
    kept, gone = outcomes[: len(wanted)], outcomes[len(wanted) :]
    return Replaced(
        created=_count(kept, "created"),
        removed=_count(gone, "changed"),
        unchanged=_count(kept, "unchanged"),
        refused=[Refusal(index, one.problem) for index, one in enumerate(kept) if one.problem is not None],
    )


def _count(outcomes: Sequence[Outcome], result: str) -> int:
    return sum(one.result == result for one in outcomes)
