"""Find servers by their names."""

import sqlalchemy as sa
from alembic import op

revision = "dbf646f95e79"
down_revision = "5b201af70d99"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_compute_servers_live_name_of_project",
            ["project_id", "name", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
