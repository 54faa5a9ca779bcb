"""Merge 302b81d5974a and 6e5214547996."""

revision = "1761c101a5c4"
down_revision = ("6e5214547996", "302b81d5974a")
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
