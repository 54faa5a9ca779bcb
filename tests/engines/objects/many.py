"""An object store on several disks, and what happens to them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.objects import spread
from kumoi.engines.objects.layout import Place, parse, place_of
from kumoi.engines.objects.many import ManyDisks
from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock

NAMES = "abcdef"
LONG = bytes(range(256)) * 5000
"""More than one segment."""


def opened(folder: Path, policies: str, count: int) -> ManyDisks:
    if "+" in policies:
        pytest.importorskip("pyeclib")
    disks = ",".join(f"{name}={folder / name}" for name in NAMES[:count])
    return ManyDisks(folder / "objects", parse(disks, policies, 30))


def made(folder: Path, policies: str, count: int) -> ManyDisks:
    store = opened(folder, policies, count)
    store.folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES[:count]:
        (folder / name).mkdir(exist_ok=True)
        assert store.disks.take(name) == ""
    return store


POLICIES = [("three=3", 3), ("coded=4+2", 6)]
IDS = ["copies", "coded"]


@pytest.fixture(params=POLICIES, ids=IDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ManyDisks]:
    found = made(tmp_path, *request.param)
    yield found
    found.close()


@pytest.fixture
def copies(tmp_path: Path) -> Iterator[ManyDisks]:
    found = made(tmp_path, "three=3", 3)
    yield found
    found.close()


@pytest.fixture
def coded(tmp_path: Path) -> Iterator[ManyDisks]:
    found = made(tmp_path, "coded=4+2", 6)
    yield found
    found.close()


def away(store: ManyDisks, *names: str) -> None:
    for name in names:
        root = store.layout.disks[name]
        root.rename(root.with_name(f"{name}-away"))
        root.mkdir()  # as a folder on which nothing is mounted


def back(store: ManyDisks, *names: str) -> None:
    for name in names:
        root = store.layout.disks[name]
        assert os.listdir(root) == []
        root.rmdir()
        root.with_name(f"{name}-away").rename(root)


def emptied(store: ManyDisks, name: str) -> None:
    """A new disk in the place of another."""
    root = store.layout.disks[name]
    shutil.rmtree(root)
    root.mkdir()
    assert store.disks.take(name, replaced=True) == ""


def placed(stored: Any) -> Place:
    place = place_of(stored.place)
    assert place is not None
    return place


def file_of(store: ManyDisks, place: Place, number: int) -> Path:
    return spread.lasting(store.layout.disks[place.disks[number]], place.id)


def rot(path: Path, at: int = -1) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        byte = file.read(1)
        file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        file.write(bytes([byte[0] ^ 1]))


def looked_after(store: ManyDisks) -> set[tuple[str, str]]:
    with clock.using(VirtualClock()):
        return {(told.kind, told.what) for told in store.mend()}


def scrubbed(store: ManyDisks) -> list[str]:
    with clock.using(VirtualClock()):
        clock.sleep(31 * 86400)
        return [told.kind for told in store.scrub()]
