"""Digests of a database's rows by table, to detect any write."""

import sqlalchemy as sa

from kumoi.kernel.database import Database, Transaction, metadata

Digest = dict[str, list[str]]


def digest(database: Database) -> Digest:
    """Table → its rows, sorted."""

    def read(tx: Transaction) -> Digest:
        return {table.name: sorted(map(repr, tx.tuples(sa.select(table)))) for table in metadata.sorted_tables}

    return database.read(read)


def difference(before: Digest, after: Digest) -> str:
    """Added (+) and removed (-) rows, in a few lines."""
    said = []
    for table, rows in after.items():
        said += [f"+ {table} {row[:400]}" for row in rows if row not in before[table]]
        said += [f"- {table} {row[:400]}" for row in before[table] if row not in rows]
    return "\n".join(said[:12])
