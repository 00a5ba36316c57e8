"""What happened in rooms, as their journals tell it; (epoch, seq) is a place in a journal."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    Uuid,
    text,
)

from api_service.tables.columns import entry, moment, reference, table

visits = table(
    "visits",
    Column("id", Text, primary_key=True),  # chosen by sync_service
    reference("room_id", "rooms"),
    reference("user_id", "users"),
    *entry(),
    Column("started_at", DateTime(timezone=True), nullable=False),
    moment("ended_at", nullable=True),
    Column("end_reason", Text, nullable=True),
    CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
    Index(None, "room_id", "epoch", "seq"),
    Index(None, "user_id"),
)

room_events = table(
    "room_events",
    reference("room_id", "rooms"),
    *entry(),
    Column("event", Text, nullable=False),
    # The timing vector after the event; `playback_at` is the moment of `position_ms`, on the room's clock.
    Column("status", Text, nullable=False),
    Column("position_ms", Double, nullable=False),
    Column("rate", Double, nullable=False),
    Column("playback_at", DateTime(timezone=True), nullable=False),
    reference("user_id", "users", on_delete="SET NULL", nullable=True),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("length_ms", BigInteger, nullable=True),  # of the film, as players agreed; null: the catalogue's counts
    # Of a change of the film; no keys, since a film may be deleted.
    Column("film_id", Uuid, nullable=True),
    Column("previous_film_id", Uuid, nullable=True),
    PrimaryKeyConstraint("room_id", "epoch", "seq"),
    Index(None, "user_id"),
    # Most rooms have one film: which one it was at a moment is asked for each message.
    Index("ix_room_events_film_changes", "room_id", "epoch", "seq", postgresql_where=text("film_id IS NOT NULL")),
)

# Members who stepped aside from the room's timeline, and who came back: `reason` is null then.
asides = table(
    "asides",
    reference("room_id", "rooms"),
    *entry(),
    reference("user_id", "users"),
    Column("reason", Text, nullable=True),
    Column("position_ms", Double, nullable=False),  # where the film was
    Column("happened_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("room_id", "epoch", "seq"),
    Index(None, "user_id"),
)

chat_messages = table(
    "chat_messages",
    reference("room_id", "rooms"),
    *entry(),
    Column("message_id", Text, nullable=False),
    reference("author_id", "users"),
    Column("author_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("position_ms", Double, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("reply_to", Text, nullable=True),  # the id of a message, which may be archived later than its reply
    moment("deleted_at", nullable=True),
    moment("edited_at", nullable=True),
    PrimaryKeyConstraint("room_id", "epoch", "seq"),
    Index(None, "room_id", "message_id"),
    Index(None, "author_id"),
)

# Deleted messages, for those that are archived later than their deletion.
chat_deletions = table(
    "chat_deletions",
    reference("room_id", "rooms"),
    Column("message_id", Text, nullable=False),
    Column("deleted_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("room_id", "message_id"),
)

# The last edit of each message that was edited, by its place in the journal: edits may be archived before the message,
# and in any order. The text of a deleted message is gone here too.
chat_edits = table(
    "chat_edits",
    reference("room_id", "rooms"),
    Column("message_id", Text, nullable=False),
    reference("author_id", "users"),
    *entry(),
    Column("text", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("room_id", "message_id"),
    Index(None, "author_id"),
)

# Reactions to the film that a node of sync_service has counted, within seconds, in one of its minutes; (epoch, seq) is
# the place in the room's journal after which they came, `id` the event's.
reaction_counts = table(
    "reaction_counts",
    Column("id", Text, primary_key=True),
    reference("room_id", "rooms"),
    *entry(),
    Column("position_ms", Double, nullable=False),  # where the minute begins
    Column("reactions", Integer, nullable=False),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Index(None, "room_id"),
)
