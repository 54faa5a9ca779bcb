"""Copies of one server: every row and file that mentions it, under new ids, in the tables and in the fakes' world."""

import ipaddress
import json
import sqlite3
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kumoi.engines.hosts import Hosts
from kumoi.kernel import randomness
from kumoi.kernel.database import metadata
from tests.cloud import Cloud

AT_ONCE = 1000
FIRST_ADDRESS = 10 << 24 | 64 << 16 | 1 << 8


class Clones:
    """`last`: the id of the newest copy."""

    def __init__(self, cloud: Cloud, server_id: str) -> None:
        self.cloud = cloud
        self.last = server_id
        self._numbers = count(1)
        self.named = {server_id: "id"}
        """A text that identifies this server → the kind of its replacement."""
        database = cloud.database
        with database.connection() as connection:
            ports = connection.execute(
                sa.text("SELECT id, mac_address FROM network_ports WHERE device_id = :id"), {"id": server_id}
            )
            for port_id, mac in list(ports):
                self.named |= {port_id: "id", mac: "mac"}
                where = {"port": port_id}
                for (address,) in list(
                    connection.execute(sa.text("SELECT address FROM network_addresses WHERE port_id = :port"), where)
                ):
                    self.named[address] = "address"
            self.rows = {table: self._mine(connection, table) for table in metadata.sorted_tables}
            # Operations and similar rows have ids of their own, to which other rows refer.
            self.rows = {table: self._mine(connection, table) for table in metadata.sorted_tables}

    def _mine(self, connection: sa.Connection, table: sa.Table) -> list[dict[str, Any]]:
        found = []
        for row in connection.execute(sa.select(table)).mappings():
            text = json.dumps(dict(row), default=str)
            if any(name in text for name, kind in self.named.items() if kind == "id"):
                found.append(dict(row))
                if "id" in table.c and isinstance(row["id"], str):
                    own = row["id"]
                    if table.name not in ("kernel_dirty", "network_networks") and own not in self.named:
                        self.named[own] = "id"
        return found

    def make(self, many: int) -> None:
        for begin in range(0, many, AT_ONCE):
            replacements = [self._replacement(next(self._numbers)) for _ in range(min(AT_ONCE, many - begin))]
            self.cloud.database.write(lambda tx, some=replacements: self._rows(tx, some))  # type: ignore[misc]
            self._world(replacements)

    def _replacement(self, number: int) -> tuple[int, dict[str, str]]:
        texts = {}
        for text, kind in self.named.items():
            if kind == "id":
                texts[text] = randomness.new_uuid()
            elif kind == "mac":
                texts[text] = "fa:16:3e:" + ":".join(f"{(number >> shift) & 255:02x}" for shift in (16, 8, 0))
            else:
                # The first server's own address was chosen at random, and may be one of these.
                given, spare = ipaddress.IPv4Address(FIRST_ADDRESS + number), ipaddress.IPv4Address(FIRST_ADDRESS)
                texts[text] = str(spare if str(given) == text else given)
        self.last = texts[next(iter(self.named))]
        return number, texts

    def _rows(self, tx: Any, replacements: list[tuple[int, dict[str, str]]]) -> None:
        for table, rows in self.rows.items():
            if not rows:
                continue
            own_number = "id" in table.c and not isinstance(rows[0]["id"], str)
            made = []
            for number, texts in replacements:
                for row in rows:
                    new = {name: _replaced(value, texts) for name, value in row.items()}
                    if own_number:
                        del new["id"]
                    for name in ("created_at", "launched_at", "at"):
                        if isinstance(new.get(name), int):
                            new[name] += 1000 * number
                    if table.name == "compute_servers":
                        new["name"] = new["hostname"] = f"server-{number}"
                    made.append(new)
            tx.insert_many(table, made)

    def _world(self, replacements: list[tuple[int, dict[str, str]]]) -> None:
        data = self.cloud.folder.data
        for file in (data / "network" / "topology.db", *data.rglob("fake-guests.db"), *data.rglob("fences.db")):
            self._fake_tables(file, replacements)
        plugs = data / "network" / "wiring"
        for text in [text for text, kind in self.named.items() if kind == "id"]:
            plug = plugs / f"port-{text}"
            if plug.exists():
                for _, texts in replacements:
                    (plugs / f"port-{texts[text]}").write_bytes(plug.read_bytes())
        for transport in self.cloud.engines[Hosts].transports.values():
            seen = transport.agent.fences.seen
            mine = [subject for subject in seen if subject.partition("/")[2] in self.named]
            seen.update({_replaced(subject, texts): seen[subject] for subject in mine for _, texts in replacements})

    def _fake_tables(self, file: Path, replacements: list[tuple[int, dict[str, str]]]) -> None:
        database = sqlite3.connect(file, timeout=30)
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if name.startswith("sqlite_"):
                continue
            rows = [
                row
                for row in database.execute(f"SELECT * FROM {name}")
                if any(text in str(value) for value in row[:2] for text, kind in self.named.items() if kind == "id")
            ]
            for row in rows:
                marks = ",".join("?" * len(row))
                database.executemany(
                    f"INSERT OR IGNORE INTO {name} VALUES ({marks})",
                    [[_replaced(value, texts) for value in row] for _, texts in replacements],
                )
        database.commit()
        database.close()


def _replaced(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, bytes):
        for old, new in texts.items():
            value = value.replace(old.encode(), new.encode())
        return value
    if isinstance(value, str):
        for old, new in texts.items():
            if old in value:
                value = value.replace(old, new)
        return value
    if isinstance(value, dict | list):
        return json.loads(_replaced(json.dumps(value), texts))
    return value
