"""Keep the properties of the images of servers."""

import sqlalchemy as sa
from alembic import op

revision = "ea9a3b9d3138"
down_revision = "dc245848b771"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("image_properties", sa.JSON(), nullable=True))
