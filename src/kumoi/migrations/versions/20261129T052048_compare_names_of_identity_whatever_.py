"""Compare names of identity whatever their case.

Names that differ in case only are from now on the same name. Where a cloud has such names already, the oldest keeps its
name; each younger one gets the beginning of its id appended, and a warning names both."""

import logging
from collections.abc import Collection
from itertools import count

import sqlalchemy as sa
from alembic import op

revision = "5b201af70d99"
down_revision = "57add74e5926"
branch_labels = None
depends_on = None

TABLES = {
    "identity_application_credentials": ("user_id", 255),
    "identity_groups": ("domain_id", 64),
    "identity_projects": ("domain_id", 64),
    "identity_roles": ("domain_id", 255),
    "identity_users": ("domain_id", 255),
}
"""Table → the column within whose values a name is unique, and the longest name."""


def upgrade() -> None:
    for name, (scope, longest) in TABLES.items():
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.add_column(sa.Column("folded_name", sa.String(length=768), nullable=True))
        _fill(name, scope, longest)
        with op.batch_alter_table(name, schema=None) as batch_op:
            batch_op.alter_column("folded_name", existing_type=sa.String(length=768), nullable=False)
            batch_op.create_unique_constraint(batch_op.f(f"uq_{name}_{scope}_folded_name"), [scope, "folded_name"])


def _fill(name: str, scope: str, longest: int) -> None:
    columns = ("id", "name", "folded_name", "created_at", scope)
    table = sa.table(name, *(sa.column(column) for column in columns))
    query = sa.select(table.c.id, table.c.name, table.c[scope]).order_by(table.c.created_at, table.c.id)
    rows = op.get_bind().execute(query).all()
    taken: dict[str, set[str]] = {}
    younger = []
    for id, written, within in rows:
        names = taken.setdefault(within, set())
        if written.casefold() in names:
            younger.append((id, written, within))
            continue
        names.add(written.casefold())
        op.execute(table.update().where(table.c.id == id).values(folded_name=written.casefold()))
    for id, written, within in younger:
        free = _free(written, id, longest, taken[within])
        taken[within].add(free.casefold())
        op.execute(table.update().where(table.c.id == id).values(name=free, folded_name=free.casefold()))
        # `kumoi up` runs migrations before any log is open, so a warning is what its caller sees.
        logging.getLogger(__name__).warning("%s: %r was a second name in other case and is %r now", name, written, free)


def _free(written: str, id: str, longest: int, taken: Collection[str]) -> str:
    """The name with the beginning of the id, and a number if that name exists, too."""
    for number in count(1):
        end = f"-{id[:8]}" + (f"-{number}" if number > 1 else "")
        choice = written[: longest - len(end)] + end
        if choice.casefold() not in taken:
            return choice
    raise AssertionError
