"""Allocate topologies."""

import sqlalchemy as sa
from alembic import op

revision = "dc245848b771"
down_revision = "6e5214547996"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "network_auto_allocated_topologies",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("router_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["network_networks.id"],
            name=op.f("fk_network_auto_allocated_topologies_network_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_network_auto_allocated_topologies")),
        info={"changes": None},
    )
    with op.batch_alter_table("network_auto_allocated_topologies", schema=None) as batch_op:
        batch_op.create_index("ix_network_auto_allocated_topologies_network_id", ["network_id"], unique=False)
