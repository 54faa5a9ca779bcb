"""The disks of the object store, as the commands handle them."""

import shutil
from pathlib import Path

import pytest

from kumoi.cli import backups, running
from kumoi.cli.refusals import Refused
from kumoi.cli.status import object_disks
from kumoi.engines.objects.disk import DiskObjects
from kumoi.engines.objects.layout import parse
from kumoi.engines.objects.many import ManyDisks
from kumoi.front import configuration
from kumoi.kernel import settings
from kumoi.kernel.settings import Folder, Settings
from tests.engines.objects.doing import LARGE, container, content, put
from tests.engines.objects.many import placed

FEW = b"few"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "cloud")


@pytest.fixture
def chosen(tmp_path: Path, folder: Folder) -> Settings:
    for name in "abc":
        (tmp_path / name).mkdir()
    disks = ", ".join(f"{name}={tmp_path / name}" for name in "abc")
    found = Settings(hypervisor="fake", network="fake", object_disks=disks, object_policies="three=3")
    folder.run.mkdir(parents=True)
    settings.save(folder, found)
    return found


def store_of(folder: Folder, chosen: Settings) -> ManyDisks:
    return ManyDisks(folder.objects, parse(chosen.object_disks, chosen.object_policies))


def laid_out(folder: Folder, chosen: Settings) -> ManyDisks:
    running.lay_out(folder, chosen)
    return store_of(folder, chosen)


def test_settings_are_refused_that_cannot_be(folder: Folder, chosen: Settings, tmp_path: Path) -> None:
    assert running.changed(folder, {"object_policies": "two=2"}).object_policies == "two=2"
    with pytest.raises(Refused, match="object_policies: four=4 needs 4 disks"):
        running.changed(folder, {"object_policies": "four=4"})
    with pytest.raises(Refused, match="object_disks: c has bytes of objects"):
        running.changed(folder, {"object_disks": f"a={tmp_path / 'a'},b={tmp_path / 'b'}", "object_policies": ""})


def test_empty_folders_are_taken_into_use_once(folder: Folder, chosen: Settings, tmp_path: Path) -> None:
    store = laid_out(folder, chosen)
    assert {name: store.disks.fault(name) for name in "abc"} == {"a": "", "b": "", "c": ""}
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "b").mkdir()
    running.lay_out(folder, chosen)
    assert "not mounted" in store.disks.fault("b"), "an empty folder may be one on which nothing is mounted"


def test_a_folder_with_something_in_it_is_refused(folder: Folder, chosen: Settings, tmp_path: Path) -> None:
    (tmp_path / "b" / "photo").touch()
    with pytest.raises(Refused, match=r"object_disks: b: .* is not empty: it has photo"):
        running.lay_out(folder, chosen)


def test_status_shows_each_disk(folder: Folder, chosen: Settings, tmp_path: Path) -> None:
    store = laid_out(folder, chosen)
    rows, warnings = object_disks(folder, chosen)
    assert [(row.name, row.state) for row in rows] == [("a", "in use"), ("b", "in use"), ("c", "in use")]
    assert warnings == [] and all(row.free_mib > 0 for row in rows)
    put(store, container(store), "one", LARGE)
    (tmp_path / "b").rename(tmp_path / "x")
    rows, warnings = object_disks(folder, chosen)
    assert "not mounted" in rows[1].state
    assert "kumoi replace-disk b" in warnings[0]
    store.close()


def test_a_disk_is_replaced(folder: Folder, chosen: Settings, tmp_path: Path) -> None:
    store = laid_out(folder, chosen)
    where = container(store)
    put(store, where, "one", LARGE)
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "b").mkdir()
    with pytest.raises(Refused, match="there are a, b, c"):
        running.replace_disk(folder, chosen, "d")
    running.replace_disk(folder, chosen, "b")
    assert object_disks(folder, chosen)[0][1].state == "being rebuilt"
    store.mend()
    assert object_disks(folder, chosen)[0][1].state == "in use"
    assert list(store.differences()) == []
    store.close()


def test_a_backup_needs_no_disk_to_be_restored(folder: Folder, chosen: Settings, tmp_path: Path) -> None:
    store = laid_out(folder, chosen)
    where = container(store)
    for name, data in (("few", FEW), ("many", LARGE), ("replaced", LARGE)):
        put(store, where, name, data)
    place = placed(put(store, where, "replaced", LARGE[1:]))
    (tmp_path / place.disks[0]).rename(tmp_path / "lost")
    backups.backup(folder, chosen, tmp_path / "backup")
    store.close()
    copy = Folder(tmp_path / "copy")
    backups.restore(tmp_path / "backup", copy)
    alone = DiskObjects(copy.objects)
    assert [content(alone, where, name) for name in ("few", "many", "replaced")] == [FEW, LARGE, LARGE[1:]]
    assert list(alone.differences()) == []
    alone.close()
    restored = store_of(copy, chosen)
    assert content(restored, where, "many") == LARGE
    assert "taken into use" in restored.disks.fault("a"), "a disk of the cloud that goes on is left alone"
    restored.close()


def test_the_front_sends_copies_from_each_disk(folder: Folder, chosen: Settings, tmp_path: Path) -> None:
    text = configuration.render(folder, chosen, tmp_path)
    for name in "abc":
        place = text.partition(f"location /_objects/disk-{name}/ {{")[2].partition("}")[0]
        assert "internal;" in place and f"alias {tmp_path / name}/files/;" in place
