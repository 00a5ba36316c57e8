"""Invitations with answers and deliveries, screenings with reminders, limits, and people who want no mails.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def _columns() -> dict[str, list[sa.Column[object]]]:
    def optional(name: str, kind: object) -> sa.Column[object]:
        return sa.Column(name, kind, nullable=True)  # type: ignore[arg-type]

    moments = [optional(name, _MOMENT) for name in ("mailed_at", "delivered_at", "failed_at", "answered_at")]
    texts = [optional(name, sa.Text()) for name in ("failure", "answer")]
    return {
        "rooms": [optional("title", sa.Text()), optional("reminded_for", _MOMENT)],
        "invitations": [optional("mail_id", sa.Uuid()), *moments, *texts],
    }


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    op.create_check_constraint(op.f("ck_rooms_title"), "rooms", "title <> ''")
    op.create_index("ix_rooms_planned", "rooms", ["starts_at"], postgresql_where=sa.text("closed_at IS NULL"))
    op.create_check_constraint(op.f("ck_invitations_answer"), "invitations", "answer IN ('accepted', 'declined')")
    op.create_check_constraint(
        op.f("ck_invitations_answered"), "invitations", "(answer IS NULL) = (answered_at IS NULL)"
    )
    op.create_table(
        "muted_inviters",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("inviter_id", sa.Uuid(), nullable=False),
        sa.Column("muted_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["inviter_id"], ["users.id"], name=op.f("fk_muted_inviters_inviter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_muted_inviters_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "inviter_id", name=op.f("pk_muted_inviters")),
    )
    op.create_index(op.f("ix_muted_inviters_inviter_id"), "muted_inviters", ["inviter_id"], unique=False)
    op.create_table(
        "unsubscribed",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("unsubscribed_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_unsubscribed_email")),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_unsubscribed")),
    )
    op.create_table(
        "limit_uses",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("resets_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", "key", name=op.f("pk_limit_uses")),
    )
    op.create_index(op.f("ix_limit_uses_resets_at"), "limit_uses", ["resets_at"], unique=False)


def downgrade() -> None:
    for table in ("limit_uses", "unsubscribed", "muted_inviters"):
        op.drop_table(table)
    for constraint in ("ck_invitations_answered", "ck_invitations_answer"):
        op.drop_constraint(op.f(constraint), "invitations", type_="check")
    op.drop_index("ix_rooms_planned", table_name="rooms")
    op.drop_constraint(op.f("ck_rooms_title"), "rooms", type_="check")
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
