"""The tables of PostgreSQL, which migrations create and statements use.

Keys are UUIDv7, so the order of keys is the order of creation and a key can serve as a list's cursor. Times are
`timestamptz`. Every constraint has a name, and every foreign key leads an index.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _key() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def _moment(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=None if nullable else func.now())


def _reference(name: str, target: str, *, on_delete: str = "CASCADE", nullable: bool = False) -> Column[object]:
    return Column(name, Uuid, ForeignKey(f"{target}.id", ondelete=on_delete), nullable=nullable)


def _place(prefix: str = "") -> tuple[Column[object], Column[object]]:
    """Return columns for a place in the room's journal; their default is before every place."""
    return (
        Column(f"{prefix}epoch", BigInteger, nullable=False, server_default="0"),
        Column(f"{prefix}seq", BigInteger, nullable=False, server_default="0"),
    )


def _fed() -> tuple[Column[object], Column[object], Column[object]]:
    """Return the columns of what the cinema feeds: which version stands here, and since when it is taken out."""
    return (
        # The cinema's own `updated_at`; null in what it has not fed, or what a run has taken out: any version is newer.
        _moment("version_at", nullable=True),
        Column("version_digest", Text, nullable=True),
        _moment("removed_at", nullable=True),
    )


def _tie_version() -> tuple[Column[object], Column[object]]:
    """Return the columns of a wish or a friendship: when it was last changed by anybody, and whether it was fed."""
    return _moment("version_at"), Column("fed", Boolean, nullable=False, server_default=text("false"))


def _json_list(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=text("'[]'"))


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, metadata, *parts)


users = _table(
    "users",
    _key(),
    # OpenID Connect Core 1.0, section 2: `sub` is unique only within its issuer.
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=True),
    Column("locale", Text, nullable=False, server_default="ru"),
    Column("chosen_locale", Text, nullable=True),  # here, and before what the auth service says
    Column("list_hidden", Boolean, nullable=False, server_default=text("false")),  # of films, from their friends
    Column("time_zone", Text, nullable=True),  # a name of the IANA database
    Column("picture_url", Text, nullable=True),
    *_fed(),
    _moment("blocked_at", nullable=True),  # by the cinema
    _moment("signed_out_at", nullable=True),  # everywhere, at the provider: tokens issued before count no more
    # Of the claims that this was taken from: their `updated_at`, and when the token with them was issued.
    _moment("profile_updated_at", nullable=True),
    _moment("profile_issued_at", nullable=True),
    _moment("created_at"),
    _moment("updated_at"),
    UniqueConstraint("issuer", "subject"),
    CheckConstraint("locale IN ('ru', 'en')", name="locale"),
    CheckConstraint("chosen_locale IN ('ru', 'en')", name="chosen_locale"),
    CheckConstraint("name <> ''", name="name"),
    Index("ix_users_email", func.lower(text("email"))),
    Index("ix_users_list_hidden", "id", postgresql_where=text("list_hidden")),
)

# Whoever is signed in, in a browser or by tokens; join tickets name the session that they were made for.
sessions = _table(
    "sessions",
    _key(),
    _reference("user_id", "users"),
    Column("provider_sid", Text, nullable=False, server_default=""),  # the provider's own session, "" if it names none
    Column("by_token", Boolean, nullable=False),
    _moment("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    _moment("ended_at", nullable=True),
    Column("end_reason", Text, nullable=True),
    CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
    Index(None, "user_id"),
    Index(None, "provider_sid"),
    Index(None, "expires_at"),
    Index(
        "uq_sessions_by_token",
        "user_id",
        "provider_sid",
        unique=True,
        postgresql_where=text("by_token AND ended_at IS NULL"),
    ),
)

# Sessions that the provider has told to be over: tokens that name one count no more, whether we knew of it or not.
provider_logouts = _table(
    "provider_logouts",
    Column("sid", Text, primary_key=True),
    _moment("ended_at"),
    Index(None, "ended_at"),
)

# Whose accounts were deleted: what comes late of them is not stored, and tokens from before count no more. The digest
# is of (issuer, subject), which are kept nowhere.
erasures = _table(
    "erasures",
    Column("user_id", Uuid, primary_key=True),
    Column("account_digest", LargeBinary, nullable=False),
    _moment("erased_at"),
    Index(None, "account_digest"),
    Index(None, "erased_at"),
)

films = _table(
    "films",
    _key(),
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
    *(_json_list(name) for name in ("genres", "sources", "captions", "audio", "trailers")),
    _json_list("origins"),  # for processes of earlier releases alone; drop it once none of them runs any more
    _moment("available_from", nullable=True),
    _moment("available_until", nullable=True),
    *_fed(),
    _moment("created_at"),
    _moment("updated_at"),
    CheckConstraint("jsonb_typeof(title) = 'object' AND title <> '{}'", name="title"),
    CheckConstraint("jsonb_typeof(description) = 'object'", name="description"),
    CheckConstraint("available_from < available_until", name="availability"),
    CheckConstraint("duration_ms > 0", name="duration"),
)

# One row for two people, whoever asked: two simultaneous requests meet in the same row.
friendships = _table(
    "friendships",
    _reference("low_id", "users"),
    _reference("high_id", "users"),
    Column("requested_by", Uuid, nullable=False),
    _moment("requested_at"),
    _moment("accepted_at", nullable=True),
    *_tie_version(),
    PrimaryKeyConstraint("low_id", "high_id"),
    CheckConstraint("low_id < high_id", name="order"),
    CheckConstraint("requested_by IN (low_id, high_id)", name="requested_by"),
    Index(None, "high_id", "low_id"),
)

watchlist = _table(
    "watchlist",
    _reference("user_id", "users"),
    _reference("film_id", "films"),
    _moment("added_at"),
    *_tie_version(),
    PrimaryKeyConstraint("user_id", "film_id"),
    Index(None, "film_id", "user_id"),
)

# The films that most friends of a person want, as they were counted at `ranked_at` (usecases/matches.py): only of those
# whose friends want very many. `named` has the same number of friends for each film, null where fewer want it.
match_rankings = _table(
    "match_rankings",
    _reference("user_id", "users"),
    _moment("ranked_at"),
    Column("film_ids", ARRAY(Uuid), nullable=False),
    Column("friends_counts", ARRAY(Integer), nullable=False),
    Column("named", ARRAY(Uuid), nullable=False),
    PrimaryKeyConstraint("user_id"),
    Index(None, "ranked_at"),
)

# What was taken back, so that an older version of it that comes later changes nothing.
removed_friendships = _table(
    "removed_friendships",
    _reference("low_id", "users"),
    _reference("high_id", "users"),
    _moment("version_at"),
    _moment("removed_at"),
    PrimaryKeyConstraint("low_id", "high_id"),
    Index(None, "high_id"),
    Index(None, "removed_at"),
)
removed_wishes = _table(
    "removed_wishes",
    _reference("user_id", "users"),
    _reference("film_id", "films"),
    _moment("version_at"),
    _moment("removed_at"),
    PrimaryKeyConstraint("user_id", "film_id"),
    Index(None, "film_id"),
    Index(None, "removed_at"),
)

# Complete runs of the feed, the kinds of rows that each is complete in, and the rows that it has named: a film or a
# person is its own `other_id`.
feed_runs = _table(
    "feed_runs",
    Column("id", Text, primary_key=True),
    _json_list("kinds"),
    _moment("started_at"),
    _moment("finished_at", nullable=True),
    Column("removed", JSONB, nullable=True),
    Index(None, "started_at"),
)
feed_named = _table(
    "feed_named",
    Column("run_id", Text, ForeignKey("feed_runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("one_id", Uuid, nullable=False),
    Column("other_id", Uuid, nullable=False),
    PrimaryKeyConstraint("run_id", "kind", "one_id", "other_id"),
)

rooms = _table(
    "rooms",
    _key(),
    Column("code", Text, nullable=False, unique=True),
    _reference("owner_id", "users", on_delete="RESTRICT"),
    _reference("film_id", "films", on_delete="RESTRICT"),
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
    *_place("settings_"),
    _moment("created_at"),
    _moment("closed_at", nullable=True),
    Column("closed_reason", Text, nullable=True),
    # The room's own name; without one it is called as its film.
    Column("title", Text, nullable=True),
    # The start of which those invited were reminded.
    _moment("reminded_for", nullable=True),
    _moment("reopened_at", nullable=True),
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
room_roles = _table(
    "room_roles",
    _reference("room_id", "rooms"),
    _reference("user_id", "users"),
    Column("role", Text, nullable=False),
    # Where in the journal the live room last published the role.
    *_place(),
    _moment("since"),
    PrimaryKeyConstraint("room_id", "user_id"),
    CheckConstraint("role IN ('owner', 'moderator', 'viewer', 'guest')", name="role"),
    Index(None, "user_id", "room_id"),
)

# Who may not enter a room; lifting a ban deletes its row.
bans = _table(
    "bans",
    _reference("room_id", "rooms"),
    _reference("user_id", "users"),
    _reference("banned_by", "users", on_delete="SET NULL", nullable=True),
    _moment("banned_at"),
    PrimaryKeyConstraint("room_id", "user_id"),
    Index(None, "user_id"),
    Index(None, "banned_by"),
)

invitations = _table(
    "invitations",
    _key(),
    _reference("room_id", "rooms"),
    _reference("invitee_id", "users"),
    _reference("inviter_id", "users"),
    _moment("created_at"),
    _moment("revoked_at", nullable=True),
    # The event that asked for its last mail, and when; what became of it is what the notification service answered.
    Column("mail_id", Uuid, nullable=True),
    _moment("mailed_at", nullable=True),
    _moment("delivered_at", nullable=True),
    _moment("failed_at", nullable=True),
    Column("failure", Text, nullable=True),
    Column("answer", Text, nullable=True),
    _moment("answered_at", nullable=True),
    CheckConstraint("answer IN ('accepted', 'declined')", name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    # Nobody is invited twice; after a revocation a person may be invited again.
    Index("uq_invitations_standing", "room_id", "invitee_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    Index(None, "room_id", "id"),
    Index(None, "invitee_id", "room_id"),
    Index(None, "inviter_id"),
)

# Whose invitations bring a person no mail; whoever is invited does not tell the inviter so.
muted_inviters = _table(
    "muted_inviters",
    _reference("user_id", "users"),
    _reference("inviter_id", "users"),
    _moment("muted_at"),
    PrimaryKeyConstraint("user_id", "inviter_id"),
    Index(None, "inviter_id"),
)

# Whom a person has blocked: nobody of the two asks or finds the other, and the blocked one is not told.
blocks = _table(
    "blocks",
    _reference("user_id", "users"),
    _reference("blocked_id", "users"),
    _moment("blocked_at"),
    PrimaryKeyConstraint("user_id", "blocked_id"),
    CheckConstraint("user_id <> blocked_id", name="oneself"),
    Index(None, "blocked_id"),
)

# Addresses, in lower case, to which no mail goes about any invitation.
unsubscribed = _table(
    "unsubscribed",
    Column("email", Text, primary_key=True),
    _moment("unsubscribed_at"),
    CheckConstraint("email = lower(email)", name="email"),
)

# What people did of what is limited (usecases/limits.py), in the window that ends at `resets_at`.
limit_uses = _table(
    "limit_uses",
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("used", Integer, nullable=False),
    Column("resets_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("name", "key"),
    Index(None, "resets_at"),
)

visits = _table(
    "visits",
    Column("id", Text, primary_key=True),  # chosen by sync_service
    _reference("room_id", "rooms"),
    _reference("user_id", "users"),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    _moment("ended_at", nullable=True),
    Column("end_reason", Text, nullable=True),
    CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
    Index(None, "room_id", "epoch", "seq"),
    Index(None, "user_id"),
)

room_events = _table(
    "room_events",
    _reference("room_id", "rooms"),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    # The timing vector after the event; `playback_at` is the moment of `position_ms`, on the room's clock.
    Column("status", Text, nullable=False),
    Column("position_ms", Double, nullable=False),
    Column("rate", Double, nullable=False),
    Column("playback_at", DateTime(timezone=True), nullable=False),
    _reference("user_id", "users", on_delete="SET NULL", nullable=True),
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
asides = _table(
    "asides",
    _reference("room_id", "rooms"),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    _reference("user_id", "users"),
    Column("reason", Text, nullable=True),
    Column("position_ms", Double, nullable=False),  # where the film was
    Column("happened_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("room_id", "epoch", "seq"),
    Index(None, "user_id"),
)

chat_messages = _table(
    "chat_messages",
    _reference("room_id", "rooms"),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("message_id", Text, nullable=False),
    _reference("author_id", "users"),
    Column("author_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("position_ms", Double, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("reply_to", Text, nullable=True),  # the id of a message, which may be archived later than its reply
    _moment("deleted_at", nullable=True),
    _moment("edited_at", nullable=True),
    PrimaryKeyConstraint("room_id", "epoch", "seq"),
    Index(None, "room_id", "message_id"),
    Index(None, "author_id"),
)

# Deleted messages, for those that are archived later than their deletion.
chat_deletions = _table(
    "chat_deletions",
    _reference("room_id", "rooms"),
    Column("message_id", Text, nullable=False),
    Column("deleted_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("room_id", "message_id"),
)

# The last edit of each message that was edited, by its place in the journal: edits may be archived before the message,
# and in any order. The text of a deleted message is gone here too.
chat_edits = _table(
    "chat_edits",
    _reference("room_id", "rooms"),
    Column("message_id", Text, nullable=False),
    _reference("author_id", "users"),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("room_id", "message_id"),
    Index(None, "author_id"),
)

# Reactions to the film that a node of sync_service has counted, within seconds, in one of its minutes; (epoch, seq) is
# the place in the room's journal after which they came, `id` the event's.
reaction_counts = _table(
    "reaction_counts",
    Column("id", Text, primary_key=True),
    _reference("room_id", "rooms"),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("position_ms", Double, nullable=False),  # where the minute begins
    Column("reactions", Integer, nullable=False),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Index(None, "room_id"),
)

# Captions that the cinema's programs have fed as files. `id` is told by the text, and stands in the file's address.
caption_files = _table(
    "caption_files",
    Column("id", Text, primary_key=True),
    Column("webvtt", Text, nullable=False),
    _moment("fed_at"),
)

# Events to be published. `due_at` is the time of the next attempt and, once claimed, the end of the lease.
outbox = _table(
    "outbox",
    _key(),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    _moment("created_at"),
    _moment("due_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text, nullable=True),
    _moment("published_at", nullable=True),
    Index("ix_outbox_due", "due_at", "id", postgresql_where=text("published_at IS NULL")),
    Index("ix_outbox_published", "published_at", postgresql_where=text("published_at IS NOT NULL")),
)

# Ids of consumed broker events.
inbox = _table(
    "inbox",
    Column("event_id", Text, primary_key=True),
    _moment("consumed_at"),
    Index(None, "consumed_at"),
)

idempotency_keys = _table(
    "idempotency_keys",
    _reference("user_id", "users"),
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    _reference("room_id", "rooms"),
    _moment("created_at"),
    PrimaryKeyConstraint("user_id", "key"),
    Index(None, "room_id"),
    Index(None, "created_at"),
)
