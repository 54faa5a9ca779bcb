"""Add the place of rescue disks."""

import sqlalchemy as sa
from alembic import op

revision = "4ee2f112d46d"
down_revision = "ab0c46cbe1c0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rescue_is_last", sa.Boolean(), nullable=True))
