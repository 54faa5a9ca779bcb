"""Tests of the tests' own cloud: the reuse of APIs must not be visible to the next test."""

import sqlite3
from pathlib import Path
from typing import Any

from kumoi.kernel.database import Database
from tests.cloud import Cloud
from tests.databases import make_tables

NETWORKS = "/network/v2.0/networks"


def made(folder: Path, **more: Any) -> Cloud:
    folder.mkdir()
    return Cloud(folder, f"sqlite:///{folder / 'kumoi.db'}", **more)


def names(cloud: Cloud) -> list[str]:
    return [network["name"] for network in cloud.get(NETWORKS).json["networks"]]


def test_clouds_side_by_side_and_one_after_another_share_nothing(tmp_path: Path) -> None:
    first, second = made(tmp_path / "first"), made(tmp_path / "second", region="Elsewhere")
    assert first.api is not second.api
    assert first.post(NETWORKS, json={"network": {"name": "one"}}).status_code == 201
    assert (names(first), names(second)) == (["one"], [])
    api = first.api
    first.close()
    third = made(tmp_path / "third", authenticator=second.api.authenticate)
    assert third.api is api, "the routes are compiled again"
    assert names(third) == [] and third.api.settings is third.settings and third.api.database is third.database
    for cloud in (second, third):
        cloud.close()


def test_copied_tables_are_those_that_are_made(tmp_path: Path) -> None:
    for name, make in (("made", Database.create_all), ("copied", make_tables)):
        database = Database(f"sqlite:///{tmp_path / name}")
        make(database)
        database.close()
    schemas = [
        sqlite3.connect(tmp_path / name).execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        for name in ("made", "copied")
    ]
    assert schemas[0] == schemas[1] and len(schemas[0]) > 50
