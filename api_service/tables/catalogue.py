"""Films, and who wants to watch which."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from api_service.tables.columns import fed, json_list, key, moment, reference, table, tie_version

films = table(
    "films",
    key(),
    Column("slug", Text, nullable=False, unique=True),
    # Texts by language (BCP 47); usecases/languages.py says which of them a viewer reads.
    Column("title", JSONB, nullable=False),
    Column("description", JSONB, nullable=False),
    Column("year", SmallInteger, nullable=True),
    Column("duration_ms", BigInteger, nullable=True),  # null for a live broadcast
    Column("media_url", Text, nullable=True),  # of the sources, the one that our own page plays
    Column("poster_url", Text, nullable=True),
    Column("external_id", Text, nullable=True, unique=True),  # the cinema's own
    Column("backdrop_url", Text, nullable=True),
    Column("watch_url", Text, nullable=True),
    Column("age_rating", Text, nullable=True),
    *(json_list(name) for name in ("genres", "sources", "captions", "audio", "trailers")),
    json_list("origins"),  # for processes of earlier releases alone; drop it once none of them runs any more
    moment("available_from", nullable=True),
    moment("available_until", nullable=True),
    *fed(),
    moment("created_at"),
    moment("updated_at"),
    CheckConstraint("jsonb_typeof(title) = 'object' AND title <> '{}'", name="title"),
    CheckConstraint("jsonb_typeof(description) = 'object'", name="description"),
    CheckConstraint("available_from < available_until", name="availability"),
    CheckConstraint("duration_ms > 0", name="duration"),
)

# Captions that the cinema's programs have fed as files. `id` is told by the text, and stands in the file's address.
caption_files = table(
    "caption_files",
    Column("id", Text, primary_key=True),
    Column("webvtt", Text, nullable=False),
    moment("fed_at"),
)

watchlist = table(
    "watchlist",
    reference("user_id", "users"),
    reference("film_id", "films"),
    moment("added_at"),
    *tie_version(),
    PrimaryKeyConstraint("user_id", "film_id"),
    Index(None, "film_id", "user_id"),
)

# The films that most friends of a person want, as they were counted at `ranked_at` (usecases/matches.py): only of those
# whose friends want very many. `named` has the same number of friends for each film, null where fewer want it.
match_rankings = table(
    "match_rankings",
    reference("user_id", "users"),
    moment("ranked_at"),
    Column("film_ids", ARRAY(Uuid), nullable=False),
    Column("friends_counts", ARRAY(Integer), nullable=False),
    Column("named", ARRAY(Uuid), nullable=False),
    PrimaryKeyConstraint("user_id"),
    Index(None, "ranked_at"),
)
