"""Rooms' settings, bans, roles and settings by their place in the journal, deleted messages and answers.

Revision: 0002, after 0001. Written 2026-12-02 09:14:07.318204+00:00.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rooms",
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_check_constraint(op.f("ck_rooms_settings"), "rooms", "jsonb_typeof(settings) = 'object'")
    for table, prefix in (("rooms", "settings_"), ("room_roles", "")):
        for name in ("epoch", "seq"):
            op.add_column(table, sa.Column(prefix + name, sa.BigInteger(), server_default="0", nullable=False))
    op.drop_constraint(op.f("ck_room_roles_role"), "room_roles", type_="check")
    op.create_check_constraint(
        op.f("ck_room_roles_role"), "room_roles", "role IN ('owner', 'moderator', 'viewer', 'guest')"
    )
    op.create_table(
        "bans",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("banned_by", sa.Uuid(), nullable=True),
        sa.Column("banned_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["banned_by"], ["users.id"], name=op.f("fk_bans_banned_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_bans_room_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bans_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "user_id", name=op.f("pk_bans")),
    )
    op.create_index(op.f("ix_bans_banned_by"), "bans", ["banned_by"], unique=False)
    op.create_index(op.f("ix_bans_user_id"), "bans", ["user_id"], unique=False)
    op.add_column("chat_messages", sa.Column("reply_to", sa.Text(), nullable=True))
    op.add_column("chat_messages", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        op.f("ix_chat_messages_room_id_message_id"), "chat_messages", ["room_id", "message_id"], unique=False
    )
    op.create_table(
        "chat_deletions",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_chat_deletions_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "message_id", name=op.f("pk_chat_deletions")),
    )


def downgrade() -> None:
    op.drop_table("chat_deletions")
    op.drop_index(op.f("ix_chat_messages_room_id_message_id"), table_name="chat_messages")
    op.drop_column("chat_messages", "deleted_at")
    op.drop_column("chat_messages", "reply_to")
    op.drop_table("bans")
    op.drop_constraint(op.f("ck_room_roles_role"), "room_roles", type_="check")
    op.execute("UPDATE room_roles SET role = 'viewer' WHERE role = 'guest'")
    op.create_check_constraint(op.f("ck_room_roles_role"), "room_roles", "role IN ('owner', 'moderator', 'viewer')")
    for table, prefix in (("room_roles", ""), ("rooms", "settings_")):
        for name in ("seq", "epoch"):
            op.drop_column(table, prefix + name)
    op.drop_constraint(op.f("ck_rooms_settings"), "rooms", type_="check")
    op.drop_column("rooms", "settings")
