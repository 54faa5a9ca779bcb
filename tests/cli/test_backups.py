"""What a backup carries, without a running cloud."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kumoi.cli import backups
from kumoi.engines.objects.disk import DiskObjects
from kumoi.kernel import settings
from kumoi.kernel.settings import Folder, Settings
from tests.engines.objects.doing import LARGE, container, content, keeping, listed, put

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a restored cloud's files get their owners")


def test_the_world_of_the_fakes_comes_along(tmp_path: Path) -> None:
    """Guests of the fake hypervisor run on after a restoration, so what is plugged must be there, too."""
    folder, copy = Folder(tmp_path / "cloud"), Folder(tmp_path / "copy")
    chosen = Settings(hypervisor="fake", network="fake")
    settings.save(folder, chosen)
    wiring = folder.data / "network" / "wiring"
    wiring.mkdir(parents=True)
    (wiring / "port-1").write_text("host-1")
    with closing(sqlite3.connect(folder.data / "network" / "topology.db")) as topology:
        topology.execute("CREATE TABLE networks (id TEXT)")
    backups.backup(folder, chosen, tmp_path / "backup")
    backups.restore(tmp_path / "backup", copy)
    assert (copy.data / "network" / "wiring" / "port-1").read_text() == "host-1"
    with closing(sqlite3.connect(copy.data / "network" / "topology.db")) as topology:
        assert topology.execute("SELECT count(*) FROM networks").fetchone() == (0,)


def test_objects_come_along(tmp_path: Path) -> None:
    folder, copy = Folder(tmp_path / "cloud"), Folder(tmp_path / "copy")
    chosen = Settings(hypervisor="fake", network="fake")
    settings.save(folder, chosen)
    store = DiskObjects(folder.objects)
    where = container(store)
    for name, data in (("few", b"few"), ("many", LARGE)):
        put(store, where, name, data)
    kept = keeping(store, name="kept")
    for data in (LARGE, b"few", LARGE[1:]):
        put(store, kept, "one", data)
    backups.backup(folder, chosen, tmp_path / "backup")
    store.close()
    backups.restore(tmp_path / "backup", copy)
    restored = DiskObjects(copy.objects)
    assert (content(restored, where, "few"), content(restored, where, "many")) == (b"few", LARGE)
    assert listed(restored, kept) == f"one:{len(LARGE) - 1}* one:3 one:{len(LARGE)}"
    assert list(restored.differences()) == []
    restored.close()
