"""What the cinema feeds: its runs, and what was taken back."""

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from api_service.tables.columns import json_list, moment, reference, table

# What was taken back, so that an older version of it that comes later changes nothing.
removed_friendships = table(
    "removed_friendships",
    reference("low_id", "users"),
    reference("high_id", "users"),
    moment("version_at"),
    moment("removed_at"),
    PrimaryKeyConstraint("low_id", "high_id"),
    Index(None, "high_id"),
    Index(None, "removed_at"),
)

removed_wishes = table(
    "removed_wishes",
    reference("user_id", "users"),
    reference("film_id", "films"),
    moment("version_at"),
    moment("removed_at"),
    PrimaryKeyConstraint("user_id", "film_id"),
    Index(None, "film_id"),
    Index(None, "removed_at"),
)

# Complete runs of the feed, the kinds of rows that each is complete in, and the rows that it has named: a film or a
# person is its own `other_id`.
feed_runs = table(
    "feed_runs",
    Column("id", Text, primary_key=True),
    json_list("kinds"),
    moment("started_at"),
    moment("finished_at", nullable=True),
    Column("removed", JSONB, nullable=True),
    Index(None, "started_at"),
)

feed_named = table(
    "feed_named",
    Column("run_id", Text, ForeignKey("feed_runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("one_id", Uuid, nullable=False),
    Column("other_id", Uuid, nullable=False),
    PrimaryKeyConstraint("run_id", "kind", "one_id", "other_id"),
)
