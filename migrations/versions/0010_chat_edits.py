"""Messages that their authors have written anew.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chat_messages", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "chat_edits",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_chat_edits_author_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_chat_edits_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "message_id", name=op.f("pk_chat_edits")),
    )
    op.create_index(op.f("ix_chat_edits_author_id"), "chat_edits", ["author_id"])


def downgrade() -> None:
    op.drop_table("chat_edits")
    op.drop_column("chat_messages", "edited_at")
