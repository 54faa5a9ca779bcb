"""Pages of rows that are visible by one of several conditions."""

from pathlib import Path
from typing import Any, TypedDict

import pytest
import sqlalchemy as sa

from kumoi.kernel.database import Database, Table
from kumoi.kernel.pagination import page


class RowOfTest(TypedDict):
    id: int
    name: str
    owner: str


rows = Table[RowOfTest](
    "test_pagination_rows", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(8), nullable=False), sa.Column("owner", sa.String(8), nullable=False),
)  # fmt: skip


def test_rows_of_no_alternative_stay_out_wherever_the_id_stands(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'kumoi.db'}")
    with database.connection() as connection, connection.begin():
        rows.metadata.create_all(connection)
    made = [{"id": number, "name": "same", "owner": owner} for number, owner in enumerate("abc")]
    database.write(lambda tx: tx.insert_many(rows, made))
    mine = (rows.c.owner == "a", rows.c.owner == "b")

    def owners(*sort: tuple[sa.ColumnElement[Any], str]) -> list[str]:
        found = database.read(
            lambda tx: page(tx, sa.select(rows), RowOfTest, sort=sort, marker=None, limit=None, alternatives=mine)
        )
        return [row["owner"] for row in found]

    assert owners((rows.c.name, "asc"), (rows.c.id, "asc")) == ["a", "b"]
    assert owners((rows.c.id, "desc"), (rows.c.name, "asc")) == ["b", "a"]
    with pytest.raises(ValueError):
        owners((rows.c.name, "asc"))
    database.close()
