"""Who stepped aside from a room's timeline, and who came back; and changes of a room's film.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asides",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("position_ms", sa.Double(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_asides_room_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_asides_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "epoch", "seq", name=op.f("pk_asides")),
    )
    for name in ("film_id", "previous_film_id"):
        op.add_column("room_events", sa.Column(name, sa.Uuid(), nullable=True))
    op.create_index(
        op.f("ix_room_events_film_changes"),
        "room_events",
        ["room_id", "epoch", "seq"],
        postgresql_where=sa.text("film_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_asides_user_id"), "asides", ["user_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_room_events_film_changes"), "room_events")
    for name in ("previous_film_id", "film_id"):
        op.drop_column("room_events", name)
    op.drop_table("asides")
