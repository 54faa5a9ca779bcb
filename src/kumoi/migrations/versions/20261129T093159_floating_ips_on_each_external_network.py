"""Floating ips on each external network."""

from alembic import op

revision = "fc42ecf79bc8"
down_revision = "b383980a9da7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("network_floating_ips", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_network_floating_ips_port_id_fixed_ip_address"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_network_floating_ips_port_id_fixed_ip_address_floating_network_id"),
            ["port_id", "fixed_ip_address", "floating_network_id"],
        )
