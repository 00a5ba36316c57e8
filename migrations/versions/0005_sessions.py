"""Sessions that can be ended, people whom the cinema blocks, and how new what is known of a person is.

Revision: 0005, after 0004. Written 2026-12-16 12:20:05.730112+00:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OF_USERS = ("blocked_at", "signed_out_at", "profile_updated_at", "profile_issued_at")


def upgrade() -> None:
    for name in _OF_USERS:
        op.add_column("users", sa.Column(name, _MOMENT, nullable=True))
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider_sid", sa.Text(), server_default="", nullable=False),
        sa.Column("by_token", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_sessions_ended")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"])
    op.create_index(op.f("ix_sessions_provider_sid"), "sessions", ["provider_sid"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])
    op.create_index(
        "uq_sessions_by_token",
        "sessions",
        ["user_id", "provider_sid"],
        unique=True,
        postgresql_where=sa.text("by_token AND ended_at IS NULL"),
    )
    op.create_table(
        "provider_logouts",
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("ended_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_provider_logouts")),
    )
    op.create_index(op.f("ix_provider_logouts_ended_at"), "provider_logouts", ["ended_at"])


def downgrade() -> None:
    op.drop_table("provider_logouts")
    op.drop_table("sessions")
    for name in reversed(_OF_USERS):
        op.drop_column("users", name)
