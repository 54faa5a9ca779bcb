"""Operations wait in queues."""

import sqlalchemy as sa
from alembic import op

revision = "27ea98289f09"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("kernel_operation_subjects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("waiting", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(
            "ix_kernel_operation_subjects_waiting",
            ["subject"],
            unique=False,
            sqlite_where=sa.text("waiting = 1"),
            postgresql_where=sa.text("waiting"),
        )
