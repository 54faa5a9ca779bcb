"""Add migrations of servers."""

import sqlalchemy as sa
from alembic import op

revision = "6e5214547996"
down_revision = ("0b13e07389ed", "88b4ecaac2db")
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "compute_migrations",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("instance_uuid", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("migration_type", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("source_compute", sa.String(length=255), nullable=False),
        sa.Column("source_node", sa.String(length=255), nullable=False),
        sa.Column("dest_compute", sa.String(length=255), nullable=False),
        sa.Column("dest_node", sa.String(length=255), nullable=False),
        sa.Column("dest_host", sa.String(length=255), nullable=False),
        sa.Column("old_flavor", sa.JSON(), nullable=False),
        sa.Column("new_flavor", sa.JSON(), nullable=False),
        sa.Column("was_running", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_uuid"],
            ["compute_servers.id"],
            name=op.f("fk_compute_migrations_instance_uuid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_compute_migrations")),
        sa.UniqueConstraint("uuid", name=op.f("uq_compute_migrations_uuid")),
        info={"changes": None},
    )
    with op.batch_alter_table("compute_migrations", schema=None) as batch_op:
        batch_op.create_index("ix_compute_migrations_instance_uuid", ["instance_uuid", "number"], unique=False)
        batch_op.create_index("ix_compute_migrations_status", ["status", "updated_at"], unique=False)
        batch_op.create_index("ix_compute_migrations_updated_at", ["updated_at"], unique=False)

    with op.batch_alter_table("compute_servers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shelved_image_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("shelved_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("rescue_image_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("password", sa.Text(), nullable=True))
        batch_op.alter_column(
            "vm_state", existing_type=sa.VARCHAR(length=16), type_=sa.String(length=32), existing_nullable=False
        )
