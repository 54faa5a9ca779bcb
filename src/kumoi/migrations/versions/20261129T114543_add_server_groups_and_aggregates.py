"""Add server groups and aggregates."""

import sqlalchemy as sa
from alembic import op

revision = "302b81d5974a"
down_revision = "8f4b7f8def49"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "compute_aggregates",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_compute_aggregates")),
        sa.UniqueConstraint("id", name=op.f("uq_compute_aggregates_id")),
        sa.UniqueConstraint("name", name=op.f("uq_compute_aggregates_name")),
    )
    op.create_table(
        "compute_past_servers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("flavor_name", sa.String(length=255), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("disk_gib", sa.Integer(), nullable=False),
        sa.Column("launched_at", sa.BigInteger(), nullable=False),
        sa.Column("terminated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compute_past_servers")),
        info={"changes": None},
    )
    with op.batch_alter_table("compute_past_servers", schema=None) as batch_op:
        batch_op.create_index("ix_compute_past_servers_project_id", ["project_id", "terminated_at"], unique=False)
        batch_op.create_index("ix_compute_past_servers_terminated_at", ["terminated_at"], unique=False)

    op.create_table(
        "compute_server_groups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("policy", sa.String(length=32), nullable=False),
        sa.Column("max_server_per_host", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compute_server_groups")),
    )
    with op.batch_alter_table("compute_server_groups", schema=None) as batch_op:
        batch_op.create_index("ix_compute_server_groups_page", ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_compute_server_groups_page_of_project", ["project_id", "created_at", "id"], unique=False
        )

    op.create_table(
        "compute_aggregate_hosts",
        sa.Column("aggregate_id", sa.String(length=36), nullable=False),
        sa.Column("host_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["aggregate_id"],
            ["compute_aggregates.id"],
            name=op.f("fk_compute_aggregate_hosts_aggregate_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["compute_hosts.id"], name=op.f("fk_compute_aggregate_hosts_host_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("aggregate_id", "host_id", name=op.f("pk_compute_aggregate_hosts")),
    )
    with op.batch_alter_table("compute_aggregate_hosts", schema=None) as batch_op:
        batch_op.create_index("ix_compute_aggregate_hosts_host_id", ["host_id"], unique=False)

    op.create_table(
        "compute_server_group_members",
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["compute_server_groups.id"],
            name=op.f("fk_compute_server_group_members_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["compute_servers.id"],
            name=op.f("fk_compute_server_group_members_server_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_compute_server_group_members")),
    )
    with op.batch_alter_table("compute_server_group_members", schema=None) as batch_op:
        batch_op.create_index("ix_compute_server_group_members_group_id", ["group_id"], unique=False)

    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scheduler_hints", sa.JSON(), nullable=True))
