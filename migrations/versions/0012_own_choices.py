"""What people choose for themselves: their language, who sees their list of films, whom they block.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("chosen_locale", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("list_hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f("ck_users_chosen_locale"), "users", "chosen_locale IN ('ru', 'en')")
    op.create_index("ix_users_list_hidden", "users", ["id"], postgresql_where=sa.text("list_hidden"))
    op.create_table(
        "blocks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("blocked_id", sa.Uuid(), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("user_id <> blocked_id", name=op.f("ck_blocks_oneself")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_blocks_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blocked_id"], ["users.id"], name=op.f("fk_blocks_blocked_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "blocked_id", name=op.f("pk_blocks")),
    )
    op.create_index(op.f("ix_blocks_blocked_id"), "blocks", ["blocked_id"])


def downgrade() -> None:
    op.drop_table("blocks")
    op.drop_index("ix_users_list_hidden", "users")
    op.drop_constraint(op.f("ck_users_chosen_locale"), "users")
    op.drop_column("users", "list_hidden")
    op.drop_column("users", "chosen_locale")
