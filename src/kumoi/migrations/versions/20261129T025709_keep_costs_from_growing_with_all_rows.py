"""Keep costs from growing with all rows."""

import ipaddress

import sqlalchemy as sa
from alembic import op

revision = "d47b8fc9c41b"
down_revision = "96c9c0c8a213"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "placement_usages",
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("resource_class", sa.String(length=255), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["placement_resource_providers.id"], name=op.f("fk_placement_usages_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "resource_class", name=op.f("pk_placement_usages")),
    )
    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_compute_servers_created_at"))
        batch_op.drop_index(batch_op.f("ix_compute_servers_deleted_at"))
        batch_op.drop_index(batch_op.f("ix_compute_servers_host"))
        batch_op.drop_index(batch_op.f("ix_compute_servers_project"))
        batch_op.create_index(
            "ix_compute_servers_deleted",
            ["created_at", "id", "deleted_at"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NOT NULL"),
            postgresql_where=sa.text("deleted_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_compute_servers_live_host",
            ["host", "task_state"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_compute_servers_live_page",
            ["created_at", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_compute_servers_live_page_of_project",
            ["project_id", "created_at", "id", "name"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_compute_servers_live_state",
            ["vm_state", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_compute_servers_live_state_of_project",
            ["project_id", "vm_state", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_compute_servers_live_usage",
            ["project_id", "vcpus", "memory_mib"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index("ix_compute_servers_project_id_updated_at", ["project_id", "updated_at"], unique=False)
        batch_op.create_index("ix_compute_servers_updated_at", ["updated_at"], unique=False)

    with op.batch_alter_table("kernel_operations", schema=None) as batch_op:
        batch_op.create_index("ix_kernel_operations_created_at", ["created_at", "id"], unique=False)

    with op.batch_alter_table("network_addresses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_addresses_address"))
        batch_op.create_index("ix_network_addresses_address_port_id", ["address", "port_id"], unique=False)

    with op.batch_alter_table("network_ports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_ports_project_id_created_at"))
        batch_op.create_index("ix_network_ports_device_owner", ["device_owner", "network_id"], unique=False)
        batch_op.create_index("ix_network_ports_mac_address", ["mac_address"], unique=False)
        batch_op.create_index("ix_network_ports_name", ["name", "created_at", "id"], unique=False)
        batch_op.create_index("ix_network_ports_network_id_project_id", ["network_id", "project_id"], unique=False)
        batch_op.create_index("ix_network_ports_page", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_network_ports_page_of_project", ["project_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_network_ports_status", ["status", "created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_network_ports_status_of_project", ["project_id", "status", "created_at", "id"], unique=False
        )

    with op.batch_alter_table("network_security_group_rules", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remote_network", sa.String(length=64), server_default="", nullable=False))
        batch_op.drop_index(batch_op.f("ix_network_security_group_rules_project_id_created_at"))
        batch_op.drop_index(batch_op.f("ix_network_security_group_rules_security_group_id"))
        batch_op.create_index(
            "ix_network_security_group_rules_security_group_id", ["security_group_id", "project_id"], unique=False
        )
        batch_op.create_index(
            "ix_network_security_group_rules_alike",
            ["security_group_id", "remote_network", "port_range_min"],
            unique=False,
        )
        batch_op.create_index("ix_network_security_group_rules_page", ["created_at", "id"], unique=False)
        batch_op.create_index(
            "ix_network_security_group_rules_page_of_project", ["project_id", "created_at", "id"], unique=False
        )

    op.execute(
        "INSERT INTO placement_usages (provider_id, resource_class, used)"
        " SELECT provider_id, resource_class, sum(used) FROM placement_allocations GROUP BY provider_id, resource_class"
    )
    rules = sa.table(
        "network_security_group_rules", *(sa.column(name) for name in ("remote_ip_prefix", "remote_network"))
    )
    prefixes = op.get_bind().execute(sa.select(rules.c.remote_ip_prefix).distinct()).scalars().all()
    for prefix in prefixes:
        if network := _network(prefix):
            op.execute(rules.update().where(rules.c.remote_ip_prefix == prefix).values(remote_network=network))


def _network(prefix: str | None) -> str:
    try:
        network = ipaddress.ip_network(prefix or "::/0", strict=False)
    except ValueError:
        return ""
    return str(network) if network.prefixlen else ""
