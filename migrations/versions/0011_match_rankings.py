"""Rankings of films by friends' wishes, kept for those whose friends have very many.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "match_rankings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("ranked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("film_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("friends_counts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("named", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_match_rankings_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_match_rankings")),
    )
    op.create_index(op.f("ix_match_rankings_ranked_at"), "match_rankings", ["ranked_at"])


def downgrade() -> None:
    op.drop_table("match_rankings")
