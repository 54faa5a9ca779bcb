"""Name the store of an image."""

import sqlalchemy as sa
from alembic import op

revision = "ab8ca891e0e1"
down_revision = "dbf646f95e79"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("image_images", schema=None) as batch_op:
        batch_op.add_column(sa.Column("store", sa.String(length=64), nullable=True))
    op.execute(
        "UPDATE image_images SET store = 'files' WHERE status IN ('active', 'deactivated', 'uploading', 'saving')"
    )
