"""Add the feed of changes."""

import sqlalchemy as sa
from alembic import op

revision = "5d95f4bff658"
down_revision = "ab8ca891e0e1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kernel_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("project_id", sa.String(length=255), nullable=True),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("everyone", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kernel_changes")),
    )
    with op.batch_alter_table("kernel_changes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_kernel_changes_order", ["written_by", "id"], unique=False, sqlite_where=sa.text("written_by > 0")
        )
