"""Keep the reported progress of snapshots."""

import sqlalchemy as sa
from alembic import op

revision = "f1c6179c8dca"
down_revision = "7e6860f4f0d4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("block_storage_snapshots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("progress", sa.String(length=8), nullable=True))
