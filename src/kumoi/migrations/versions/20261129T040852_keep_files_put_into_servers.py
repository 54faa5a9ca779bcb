"""Keep files put into servers."""

import sqlalchemy as sa
from alembic import op

revision = "57add74e5926"
down_revision = "29f9633d7431"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("personality", sa.JSON(), nullable=True))
