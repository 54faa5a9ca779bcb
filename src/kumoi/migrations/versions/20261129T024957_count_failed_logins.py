"""Count failed logins."""

import sqlalchemy as sa
from alembic import op

revision = "7982d8d5bb5f"
down_revision = "27ea98289f09"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_logins",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "address", name=op.f("pk_identity_logins")),
    )
    with op.batch_alter_table("identity_logins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_logins_failed_at"), ["failed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_logins_succeeded_at"), ["succeeded_at"], unique=False)
