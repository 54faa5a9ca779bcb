"""Consoles end with the token that opened them."""

import sqlalchemy as sa
from alembic import op

revision = "96c9c0c8a213"
down_revision = "7982d8d5bb5f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("compute_console_tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sealed", sa.Text(), nullable=True))
