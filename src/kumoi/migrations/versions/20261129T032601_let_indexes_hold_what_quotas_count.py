"""Let indexes hold what quotas count."""

import sqlalchemy as sa
from alembic import op

revision = "29f9633d7431"
down_revision = "d47b8fc9c41b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("block_storage_snapshots", schema=None) as batch_op:
        batch_op.create_index("ix_block_storage_snapshots_usage", ["project_id", "size"], unique=False)

    with op.batch_alter_table("block_storage_volumes", schema=None) as batch_op:
        batch_op.create_index("ix_block_storage_volumes_usage", ["project_id", "size"], unique=False)

    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_compute_servers_live_host"), sqlite_where=sa.text("deleted_at IS NULL"))
        batch_op.create_index(
            "ix_compute_servers_live_host",
            ["host", "task_state", "deleted_at"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_compute_servers_live_usage"), sqlite_where=sa.text("deleted_at IS NULL"))
        batch_op.create_index(
            "ix_compute_servers_live_usage",
            ["project_id", "vcpus", "memory_mib", "deleted_at"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
