"""People: who is signed in, who was deleted, who is whose friend, and who has blocked whom."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from api_service.tables.columns import fed, key, moment, reference, table, tie_version

users = table(
    "users",
    key(),
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
    *fed(),
    moment("blocked_at", nullable=True),  # by the cinema
    moment("signed_out_at", nullable=True),  # everywhere, at the provider: tokens issued before count no more
    # Of the claims that this was taken from: their `updated_at`, and when the token with them was issued.
    moment("profile_updated_at", nullable=True),
    moment("profile_issued_at", nullable=True),
    moment("created_at"),
    moment("updated_at"),
    UniqueConstraint("issuer", "subject"),
    CheckConstraint("locale IN ('ru', 'en')", name="locale"),
    CheckConstraint("chosen_locale IN ('ru', 'en')", name="chosen_locale"),
    CheckConstraint("name <> ''", name="name"),
    Index("ix_users_email", func.lower(text("email"))),
    Index("ix_users_list_hidden", "id", postgresql_where=text("list_hidden")),
)

# Whoever is signed in, in a browser or by tokens; join tickets name the session that they were made for.
sessions = table(
    "sessions",
    key(),
    reference("user_id", "users"),
    Column("provider_sid", Text, nullable=False, server_default=""),  # the provider's own session, "" if it names none
    Column("by_token", Boolean, nullable=False),
    moment("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    moment("ended_at", nullable=True),
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
provider_logouts = table(
    "provider_logouts",
    Column("sid", Text, primary_key=True),
    moment("ended_at"),
    Index(None, "ended_at"),
)

# Whose accounts were deleted: what comes late of them is not stored, and tokens from before count no more. The digest
# is of (issuer, subject), which are kept nowhere.
erasures = table(
    "erasures",
    Column("user_id", Uuid, primary_key=True),
    Column("account_digest", LargeBinary, nullable=False),
    moment("erased_at"),
    Index(None, "account_digest"),
    Index(None, "erased_at"),
)

# One row for two people, whoever asked: two simultaneous requests meet in the same row.
friendships = table(
    "friendships",
    reference("low_id", "users"),
    reference("high_id", "users"),
    Column("requested_by", Uuid, nullable=False),
    moment("requested_at"),
    moment("accepted_at", nullable=True),
    *tie_version(),
    PrimaryKeyConstraint("low_id", "high_id"),
    CheckConstraint("low_id < high_id", name="order"),
    CheckConstraint("requested_by IN (low_id, high_id)", name="requested_by"),
    Index(None, "high_id", "low_id"),
)

# Whom a person has blocked: nobody of the two asks or finds the other, and the blocked one is not told.
blocks = table(
    "blocks",
    reference("user_id", "users"),
    reference("blocked_id", "users"),
    moment("blocked_at"),
    PrimaryKeyConstraint("user_id", "blocked_id"),
    CheckConstraint("user_id <> blocked_id", name="oneself"),
    Index(None, "blocked_id"),
)
