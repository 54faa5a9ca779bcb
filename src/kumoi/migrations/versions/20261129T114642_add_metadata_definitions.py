"""Add metadata definitions."""

import sqlalchemy as sa
from alembic import op

revision = "0b13e07389ed"
down_revision = "302b81d5974a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "image_metadef_namespaces",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("namespace", sa.String(length=80), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_metadef_namespaces")),
        sa.UniqueConstraint("namespace", name=op.f("uq_image_metadef_namespaces_namespace")),
    )
    with op.batch_alter_table("image_metadef_namespaces", schema=None) as batch_op:
        batch_op.create_index("ix_image_metadef_namespaces_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_image_metadef_namespaces_owner", ["owner", "created_at", "id"], unique=False)
        batch_op.create_index("ix_image_metadef_namespaces_visible", ["visibility", "created_at", "id"], unique=False)

    op.create_table(
        "image_metadef_resource_types",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_image_metadef_resource_types")),
    )
    op.create_table(
        "image_metadef_associations",
        sa.Column("namespace_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=80), nullable=True),
        sa.Column("properties_target", sa.String(length=80), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["image_metadef_resource_types.name"], name=op.f("fk_image_metadef_associations_name")
        ),
        sa.ForeignKeyConstraint(
            ["namespace_id"],
            ["image_metadef_namespaces.id"],
            name=op.f("fk_image_metadef_associations_namespace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("namespace_id", "name", name=op.f("pk_image_metadef_associations")),
    )
    with op.batch_alter_table("image_metadef_associations", schema=None) as batch_op:
        batch_op.create_index("ix_image_metadef_associations_name", ["name"], unique=False)

    op.create_table(
        "image_metadef_objects",
        sa.Column("namespace_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("required", sa.JSON(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace_id"],
            ["image_metadef_namespaces.id"],
            name=op.f("fk_image_metadef_objects_namespace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("namespace_id", "name", name=op.f("pk_image_metadef_objects")),
    )
    op.create_table(
        "image_metadef_properties",
        sa.Column("namespace_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace_id"],
            ["image_metadef_namespaces.id"],
            name=op.f("fk_image_metadef_properties_namespace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("namespace_id", "name", name=op.f("pk_image_metadef_properties")),
    )
    op.create_table(
        "image_metadef_tags",
        sa.Column("namespace_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace_id"],
            ["image_metadef_namespaces.id"],
            name=op.f("fk_image_metadef_tags_namespace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("namespace_id", "name", name=op.f("pk_image_metadef_tags")),
    )
