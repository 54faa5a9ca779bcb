"""Text searches of clients: only what the database supports, and within limited time."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import BadRequest

NAMES = sa.table("names", sa.column("name", sa.String(255)))
SLOW = "a" * 25 + "!"
"""Takes seconds with `(a+)+$` in a backtracking engine; each additional letter doubles the time."""


@pytest.fixture
def database(tmp_path: Path, database_url: str) -> Database:
    database = Database(database_url)
    with database.connection() as connection, connection.begin():
        connection.execute(sa.text("CREATE TABLE names (name varchar(255))"))
        connection.execute(
            sa.text("INSERT INTO names VALUES (:name)"), [{"name": SLOW}, {"name": "Één"}, {"name": None}]
        )
    return database


def matching(database: Database, expression: str) -> list[str]:
    def look(tx: object) -> list[str]:
        wanted = NAMES.c.name.regexp_match(tx.check_pattern(expression, "name"))  # type: ignore[attr-defined]
        return [row[0] for row in tx.tuples(sa.select(NAMES.c.name).where(wanted))]  # type: ignore[attr-defined]

    return database.read(look)


def test_no_expression_takes_long(database: Database) -> None:
    before = time.thread_time()
    assert matching(database, "(a+)+$") == []
    assert time.thread_time() - before < 0.5
    assert matching(database, "(a+)+!$") == [SLOW] and matching(database, "^.{3}$") == ["Één"]
    database.close()


@pytest.mark.parametrize(
    "expression", ["(", r"(a)\1", "a(?=b)", "x" * 256, "(a?){255}a{255}", ".{1000}" * 36, "(" * 255]
)
def test_what_is_refused_names_its_parameter(expression: str) -> None:
    with pytest.raises(BadRequest, match="query parameters ip6: it is no regular expression"):
        patterns.check(expression, "ip6")


def test_what_only_one_database_knows(database: Database) -> None:
    """RE2 knows names and counts that PostgreSQL does not."""
    for expression in ("(?P<first>a)", "a{300}"):
        if database.dialect == "sqlite":
            matching(database, expression)
            continue
        with pytest.raises(BadRequest, match="query parameters name"):
            matching(database, expression)
    assert matching(database, "^É") == ["Één"]
    database.close()


def test_few_are_remembered() -> None:
    for number in range(100):
        patterns.check(f"a{number}", "name")
    assert patterns._compiled.cache_info().currsize <= patterns.REMEMBERED


def test_a_part_that_no_column_can_hold() -> None:
    column = sa.Column("name", sa.String(10))
    assert str(patterns.contains(column, "_" * 11)) == str(sa.false())
    assert "LIKE" in str(patterns.contains(column, "_" * 10))


@pytest.mark.parametrize(
    "expression",
    ["web", "web-1", "^web", "1$", "^web-1$", "w.b", "^w.b-1$", "10\\.0", "_", "w_b", "a b", "", "^", "$", "^$", "[w]eb",
     "WEB", "web|db", "web-?1", "^.$", "%", "\\*", "\\-1"],
)  # fmt: skip
def test_a_plain_expression_is_asked_for_without_a_call_into_python(database: Database, expression: str) -> None:
    """And finds the same as any other."""
    names = ["web", "web-1", "WEB", "wxb-1", "10.0", "1000", "w_b", "a b", "db", "x", "", "100%", "*"]
    with database.connection() as connection, connection.begin():
        connection.execute(sa.text("DELETE FROM names"))
        connection.execute(sa.text("INSERT INTO names VALUES (:name)"), [{"name": name} for name in names])

    def look(tx: Transaction) -> tuple[set[str], str]:
        condition = patterns.matches(NAMES.c.name, tx.check_pattern(expression, "name"), tx.dialect)
        return {row[0] for row in tx.tuples(sa.select(NAMES.c.name).where(condition))}, str(condition)

    found, asked = database.read(look)
    assert found == {name for name in names if patterns.found(expression, name)}
    assert ("REGEXP" in asked.upper() or "~" in asked or "<regexp>" in asked) is any(
        sign in expression for sign in "[|?%*"
    )
