"""Read events in the order of commits."""

import sqlalchemy as sa
from alembic import op

revision = "8f4b7f8def49"
down_revision = "fc42ecf79bc8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("kernel_events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_kernel_events_order", ["written_by", "id"], unique=False, sqlite_where=sa.text("written_by > 0")
        )
