"""Add backups, transfers, qos specs and encryption."""

import sqlalchemy as sa
from alembic import op

revision = "88b4ecaac2db"
down_revision = "0b13e07389ed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block_storage_backups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("snapshot_id", sa.String(length=36), nullable=True),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("container", sa.String(length=255), nullable=False),
        sa.Column("object_count", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("fail_reason", sa.Text(), nullable=True),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("place", sa.String(length=36), nullable=False),
        sa.Column("data_timestamp", sa.BigInteger(), nullable=True),
        sa.Column("availability_zone", sa.String(length=255), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("volume", sa.JSON(), nullable=False),
        sa.Column("restored_to", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_storage_backups")),
    )
    with op.batch_alter_table("block_storage_backups", schema=None) as batch_op:
        batch_op.create_index("ix_block_storage_backups_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_block_storage_backups_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_block_storage_backups_place", ["place"], unique=False)
        batch_op.create_index("ix_block_storage_backups_project", ["project_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_block_storage_backups_restored_to", ["restored_to"], unique=False)
        batch_op.create_index("ix_block_storage_backups_snapshot_id", ["snapshot_id"], unique=False)
        batch_op.create_index("ix_block_storage_backups_volume_id", ["volume_id"], unique=False)

    op.create_table(
        "block_storage_qos_specs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("consumer", sa.String(length=16), nullable=False),
        sa.Column("specs", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_storage_qos_specs")),
        sa.UniqueConstraint("name", name=op.f("uq_block_storage_qos_specs_name")),
    )
    op.create_table(
        "block_storage_encryption",
        sa.Column("volume_type_id", sa.String(length=36), nullable=False),
        sa.Column("encryption_id", sa.String(length=36), nullable=False),
        sa.Column("provider", sa.String(length=255), nullable=False),
        sa.Column("cipher", sa.String(length=255), nullable=True),
        sa.Column("key_size", sa.Integer(), nullable=True),
        sa.Column("control_location", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["volume_type_id"],
            ["block_storage_volume_types.id"],
            name=op.f("fk_block_storage_encryption_volume_type_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("volume_type_id", name=op.f("pk_block_storage_encryption")),
    )
    op.create_table(
        "block_storage_transfers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("volume_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("no_snapshots", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["volume_id"],
            ["block_storage_volumes.id"],
            name=op.f("fk_block_storage_transfers_volume_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_storage_transfers")),
        sa.UniqueConstraint("volume_id", name=op.f("uq_block_storage_transfers_volume_id")),
    )
    with op.batch_alter_table("block_storage_transfers", schema=None) as batch_op:
        batch_op.create_index("ix_block_storage_transfers_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_block_storage_transfers_project", ["project_id", "created_at", "id"], unique=False)

    with op.batch_alter_table("block_storage_volume_types", schema=None) as batch_op:
        batch_op.add_column(sa.Column("qos_specs_id", sa.String(length=36), nullable=True))

    with op.batch_alter_table("block_storage_volumes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("backup_id", sa.String(length=36), nullable=True))
        batch_op.create_index("ix_block_storage_volumes_backup_id", ["backup_id"], unique=False)
