"""Who is invited to which room, and who wants no mail of it."""

from sqlalchemy import CheckConstraint, Column, Index, PrimaryKeyConstraint, Text, Uuid, text

from api_service.tables.columns import key, moment, reference, table

invitations = table(
    "invitations",
    key(),
    reference("room_id", "rooms"),
    reference("invitee_id", "users"),
    reference("inviter_id", "users"),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    # The event that asked for its last mail, and when; what became of it is what the notification service answered.
    Column("mail_id", Uuid, nullable=True),
    moment("mailed_at", nullable=True),
    moment("delivered_at", nullable=True),
    moment("failed_at", nullable=True),
    Column("failure", Text, nullable=True),
    Column("answer", Text, nullable=True),
    moment("answered_at", nullable=True),
    CheckConstraint("answer IN ('accepted', 'declined')", name="answer"),
    CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
    # Nobody is invited twice; after a revocation a person may be invited again.
    Index("uq_invitations_standing", "room_id", "invitee_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    Index(None, "room_id", "id"),
    Index(None, "invitee_id", "room_id"),
    Index(None, "inviter_id"),
)

# Whose invitations bring a person no mail; whoever is invited does not tell the inviter so.
muted_inviters = table(
    "muted_inviters",
    reference("user_id", "users"),
    reference("inviter_id", "users"),
    moment("muted_at"),
    PrimaryKeyConstraint("user_id", "inviter_id"),
    Index(None, "inviter_id"),
)

# Addresses, in lower case, to which no mail goes about any invitation.
unsubscribed = table(
    "unsubscribed",
    Column("email", Text, primary_key=True),
    moment("unsubscribed_at"),
    CheckConstraint("email = lower(email)", name="email"),
)
