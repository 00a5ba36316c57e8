"""Rooms as they are opened and planned, and who may do what in them."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, PrimaryKeyConstraint, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from api_service.tables.columns import key, moment, place, reference, table

rooms = table(
    "rooms",
    key(),
    Column("code", Text, nullable=False, unique=True),
    reference("owner_id", "users", on_delete="RESTRICT"),
    reference("film_id", "films", on_delete="RESTRICT"),
    Column("access", Text, nullable=False),
    Column("control", Text, nullable=False),
    Column("capacity", SmallInteger, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=True),
    # Never changes: the live room's keys and the socket's address are derived from it.
    Column("partition", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    # As shared.events.room_settings.RoomSettingsSchema; a setting that is missing has its default.
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
    # Where in the journal the live room last published control, capacity and settings.
    *place("settings_"),
    moment("created_at"),
    moment("closed_at", nullable=True),
    Column("closed_reason", Text, nullable=True),
    # The room's own name; without one it is called as its film.
    Column("title", Text, nullable=True),
    # The start of which those invited were reminded.
    moment("reminded_for", nullable=True),
    moment("reopened_at", nullable=True),
    # 22 base64url characters carry 128 random bits.
    CheckConstraint("code ~ '^[A-Za-z0-9_-]{22}$'", name="code"),
    CheckConstraint("access IN ('link', 'invited')", name="access"),
    CheckConstraint("control IN ('everyone', 'moderators', 'owner')", name="control"),
    CheckConstraint("capacity BETWEEN 2 AND 200", name="capacity"),
    CheckConstraint("partition >= 0", name="partition"),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("(closed_at IS NULL) = (closed_reason IS NULL)", name="closed"),
    CheckConstraint("jsonb_typeof(settings) = 'object'", name="settings"),
    CheckConstraint("title <> ''", name="title"),
    Index(None, "owner_id"),
    Index(None, "film_id"),
    # For what is done at a time: reminders, and closing rooms that nobody uses any more.
    Index("ix_rooms_planned", "starts_at", postgresql_where=text("closed_at IS NULL")),
)

# Everyone who was ever admitted to a room: its owner, and each person who got a join ticket.
room_roles = table(
    "room_roles",
    reference("room_id", "rooms"),
    reference("user_id", "users"),
    Column("role", Text, nullable=False),
    # Where in the journal the live room last published the role.
    *place(),
    moment("since"),
    PrimaryKeyConstraint("room_id", "user_id"),
    CheckConstraint("role IN ('owner', 'moderator', 'viewer', 'guest')", name="role"),
    Index(None, "user_id", "room_id"),
)

# Who may not enter a room; lifting a ban deletes its row.
bans = table(
    "bans",
    reference("room_id", "rooms"),
    reference("user_id", "users"),
    reference("banned_by", "users", on_delete="SET NULL", nullable=True),
    moment("banned_at"),
    PrimaryKeyConstraint("room_id", "user_id"),
    Index(None, "user_id"),
    Index(None, "banned_by"),
)
