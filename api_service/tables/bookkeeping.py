"""What keeps work from being lost, done twice, or done too often: events out and in, repeated requests, limits."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, PrimaryKeyConstraint, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from api_service.tables.columns import key, moment, reference, table

# Events to be published. `due_at` is the time of the next attempt and, once claimed, the end of the lease.
outbox = table(
    "outbox",
    key(),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    moment("created_at"),
    moment("due_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=True),
    moment("published_at", nullable=True),
    Index("ix_outbox_due", "due_at", "id", postgresql_where=text("published_at IS NULL")),
    Index("ix_outbox_published", "published_at", postgresql_where=text("published_at IS NOT NULL")),
)

# Ids of consumed broker events.
inbox = table(
    "inbox",
    Column("event_id", Text, primary_key=True),
    moment("consumed_at"),
    Index(None, "consumed_at"),
)

idempotency_keys = table(
    "idempotency_keys",
    reference("user_id", "users"),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    reference("room_id", "rooms"),
    moment("created_at"),
    PrimaryKeyConstraint("user_id", "key"),
    Index(None, "room_id"),
    Index(None, "created_at"),
)

# What people did of what is limited (usecases/limits.py), in the window that ends at `resets_at`.
limit_uses = table(
    "limit_uses",
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("used", Integer, nullable=False),
    Column("resets_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("name", "key"),
    Index(None, "resets_at"),
)
