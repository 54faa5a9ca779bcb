"""Add groups and services of block storage."""

import sqlalchemy as sa
from alembic import op

revision = "7e6860f4f0d4"
down_revision = "ea9a3b9d3138"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block_storage_group_types",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("group_specs", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_storage_group_types")),
        sa.UniqueConstraint("name", name=op.f("uq_block_storage_group_types_name")),
    )
    op.create_table(
        "block_storage_volume_services",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(length=255), nullable=True),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_block_storage_volume_services")),
        info={"changes": None},
    )
    op.create_table(
        "block_storage_groups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("group_type_id", sa.String(length=36), nullable=False),
        sa.Column("volume_types", sa.JSON(), nullable=False),
        sa.Column("availability_zone", sa.String(length=255), nullable=False),
        sa.Column("group_snapshot_id", sa.String(length=36), nullable=True),
        sa.Column("source_group_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_type_id"], ["block_storage_group_types.id"], name=op.f("fk_block_storage_groups_group_type_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_storage_groups")),
    )
    with op.batch_alter_table("block_storage_groups", schema=None) as batch_op:
        batch_op.create_index("ix_block_storage_groups_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_block_storage_groups_group_type_id", ["group_type_id"], unique=False)
        batch_op.create_index("ix_block_storage_groups_project", ["project_id", "created_at", "id"], unique=False)

    op.create_table(
        "block_storage_group_snapshots",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("group_type_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=24), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["block_storage_groups.id"], name=op.f("fk_block_storage_group_snapshots_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_storage_group_snapshots")),
    )
    with op.batch_alter_table("block_storage_group_snapshots", schema=None) as batch_op:
        batch_op.create_index("ix_block_storage_group_snapshots_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_block_storage_group_snapshots_group_id", ["group_id"], unique=False)
        batch_op.create_index(
            "ix_block_storage_group_snapshots_project", ["project_id", "created_at", "id"], unique=False
        )

    with op.batch_alter_table("block_storage_snapshots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("group_snapshot_id", sa.String(length=36), nullable=True))
        batch_op.create_index("ix_block_storage_snapshots_group_snapshot_id", ["group_snapshot_id"], unique=False)

    with op.batch_alter_table("block_storage_volumes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("group_id", sa.String(length=36), nullable=True))
        batch_op.create_index("ix_block_storage_volumes_group_id", ["group_id"], unique=False)
