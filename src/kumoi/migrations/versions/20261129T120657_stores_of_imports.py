"""Stores of imports."""

import sqlalchemy as sa
from alembic import op

revision = "ab0c46cbe1c0"
down_revision = "f1c6179c8dca"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("image_images", schema=None) as batch_op:
        batch_op.add_column(sa.Column("importing_to", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("failed_import", sa.String(length=64), nullable=True))
