"""Captions that are fed as files.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "caption_files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("webvtt", sa.Text(), nullable=False),
        sa.Column("fed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caption_files")),
    )


def downgrade() -> None:
    op.drop_table("caption_files")
