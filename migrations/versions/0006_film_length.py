"""The film's length as a room's players had agreed on it, for rooms that come back from the archive.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("room_events", sa.Column("length_ms", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("room_events", "length_ms")
