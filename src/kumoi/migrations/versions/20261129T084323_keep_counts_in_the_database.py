"""Keep counts in the database."""

import sqlalchemy as sa
from alembic import op

revision = "b383980a9da7"
down_revision = "5d95f4bff658"
branch_labels = None
depends_on = None

LOSES = ("kernel_counts", *(f"kernel_counts.{name}" for name in ("holder", "name", "part", "amount")))
"""The rows are counted again after each migration."""


def upgrade() -> None:
    op.create_table(
        "kernel_counts",
        sa.Column("holder", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=1), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder", "name", "part", name=op.f("pk_kernel_counts")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("block_storage_snapshots", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_block_storage_snapshots_usage"))

    with op.batch_alter_table("block_storage_volumes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_block_storage_volumes_usage"))

    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_compute_servers_live_usage"), sqlite_where=sa.text("deleted_at IS NULL"))
