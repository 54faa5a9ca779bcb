"""Storage policies over several disks, as a client sees them."""

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.objects.interface import ObjectStore
from kumoi.engines.objects.many import ManyDisks
from kumoi.kernel import clock, durable, events
from kumoi.kernel.clock import VirtualClock
from tests.engines.objects import many as disks
from tests.services.object_store.sending import ask

LARGE = bytes(range(256)) * 6000
COPIES, CODED = {"X-Storage-Policy": "three"}, {"X-Storage-Policy": "Coded"}


@pytest.fixture
def store(cloud: Any, tmp_path: Path) -> ManyDisks:
    made = disks.made(tmp_path / "store", "three=3, coded=4+2", 6)
    cloud.engines[ObjectStore] = made
    return made


@pytest.fixture
def swift(cloud: Any, store: ManyDisks) -> Any:
    return partial(ask, cloud)


def test_a_policy_is_chosen_when_a_container_is_made_and_stays(swift: Any) -> None:
    assert swift("PUT", "/c", headers=CODED).status == 201
    assert swift("HEAD", "/c").headers["x-storage-policy"] == "coded"
    assert swift("PUT", "/c", headers=COPIES).status == 409
    assert swift("PUT", "/c", headers=CODED).status == 202
    assert swift("PUT", "/c").status == 202
    assert swift("POST", "/c", headers={**COPIES, "X-Container-Meta-A": "b"}).status == 204
    assert swift("HEAD", "/c").headers["x-storage-policy"] == "coded"
    refused = swift("PUT", "/d", headers={"X-Storage-Policy": "gold"})
    assert refused.status == 400 and "there are default, three, coded" in refused.text
    assert swift("PUT", "/d").status == 201
    assert swift("HEAD", "/d").headers["x-storage-policy"] == "default"


def test_a_default_may_be_given_for_a_container_of_the_default_policy(swift: Any) -> None:
    assert swift("PUT", "/d").status == 201
    assert swift("PUT", "/d", headers={"X-Storage-Policy": "default"}).status == 202


def test_info_lists_the_policies(swift: Any) -> None:
    shown = swift("GET", "/object-store/info", as_=None).json["swift"]["policies"]
    assert [each["name"] for each in shown] == ["default", "three", "coded"]
    assert [each.get("default", False) for each in shown] == [True, False, False]


def test_an_account_counts_by_policy(swift: Any) -> None:
    for name, headers in (("c", CODED), ("t", COPIES), ("u", COPIES), ("d", {})):
        swift("PUT", f"/{name}", headers=headers)
    swift("PUT", "/c/one", body=LARGE)
    swift("PUT", "/t/one", body=b"few")
    swift("PUT", "/t/one", body=b"fewer")
    swift("PUT", "/d/one", body=b"d")
    shown = swift("HEAD", "").headers
    found = {
        policy: tuple(
            int(shown[f"x-account-storage-policy-{policy}-{what}"])
            for what in ("container-count", "object-count", "bytes-used")
        )
        for policy in ("default", "three", "coded")
    }
    assert found == {"default": (1, 1, 1), "three": (2, 1, 5), "coded": (1, 1, len(LARGE))}


def test_an_account_has_quotas_by_policy(swift: Any) -> None:
    size, count = "X-Account-Quota-Bytes-Policy-", "X-Account-Quota-Count-Policy-"
    for name, headers in (("c", CODED), ("t", COPIES), ("u", COPIES), ("d", {})):
        swift("PUT", f"/{name}", headers=headers)
    for header in (f"{size}three", f"X-Remove-{size[2:]}three", f"{count}gold"):
        assert swift("POST", "", headers={header: "5"}).status == 403, header
    refused = swift("POST", "", as_="admin", headers={f"{size}gold": "5"})
    assert refused.status == 400 and "there are default, three, coded" in refused.text
    assert swift("POST", "", as_="admin", headers={f"{size}three": "many"}).status == 400
    limits = {f"{size}THREE": "5", f"{count}default": "1", f"{count}coded": "2"}
    assert swift("POST", "", as_="admin", headers=limits).status == 204
    assert swift("HEAD", "").headers[f"{size}three"] == "5"
    assert swift("PUT", "/t/o", body=b"123").status == 201
    full = swift("PUT", "/u/o", body=b"456")
    assert full.status == 413 and "account for the policy three has no room: 5 bytes, of which 3" in full.text
    assert swift("PUT", "/t/o", body=b"45678").status == 201  # in the place of the three
    assert swift("PUT", "/u/o", body=b"").status == 201
    assert swift("PUT", "/d/o", body=LARGE).status == 201
    assert swift("PUT", "/d/p", body=b"").status == swift("COPY", "/t/o", headers={"Destination": "d/p"}).status == 413
    for name in ("1", "2"):
        assert swift("PUT", f"/c/{name}", body=LARGE, headers={"X-Delete-After": "10"}).status == 201
    assert swift("PUT", "/c/3", body=b"").status == 413
    with clock.using(VirtualClock(clock.now() + 20 * clock.SECOND)):
        assert swift("PUT", "/c/3", body=b"").status == 201  # nobody sees the others any more
    assert swift("POST", "", as_="admin", headers={f"X-Remove-{size[2:]}three": "x"}).status == 204
    assert f"{size}three" not in swift("HEAD", "").headers
    assert swift("PUT", "/u/o", body=b"456").status == 201


@pytest.mark.parametrize("headers", [COPIES, CODED, {}])
def test_objects_of_each_policy_come_back(swift: Any, store: ManyDisks, headers: dict[str, str]) -> None:
    swift("PUT", "/c", headers=headers)
    assert swift("PUT", "/c/one", body=LARGE, headers={"X-Object-Meta-Color": "red"}).status == 201
    assert swift("GET", "/c/one").content == LARGE
    ranged = swift("GET", "/c/one", headers={"Range": "bytes=1000000-1100000", "If-Range": '"x"'})
    assert ranged.content in (LARGE[1_000_000:1_100_001], LARGE)
    assert swift("COPY", "/c/one", headers={"Destination": "c/two"}).status == 201
    assert swift("GET", "/c/two").content == LARGE
    kept = [*store.folder.glob("files/*/*")]
    assert len(kept) == (0 if headers else 2)


def test_a_copied_object_gets_the_policy_of_its_container(swift: Any, store: ManyDisks) -> None:
    swift("PUT", "/c", headers=CODED)
    swift("PUT", "/t", headers=COPIES)
    swift("PUT", "/t/one", body=LARGE)
    assert swift("PUT", "/c/one", headers={"X-Copy-From": "t/one"}).status == 201
    assert swift("GET", "/c/one").content == LARGE
    assert sum(len([*root.glob("files/*/*")]) for root in store.layout.disks.values()) == 9


def test_reads_and_writes_go_on_without_a_disk_and_end_without_too_many(swift: Any, store: ManyDisks) -> None:
    swift("PUT", "/c", headers=CODED)
    swift("PUT", "/c/one", body=LARGE)
    disks.away(store, "a")
    assert swift("PUT", "/c/two", body=LARGE).status == 201
    disks.away(store, "b")
    assert swift("GET", "/c/one").content == LARGE and swift("GET", "/c/two").content == LARGE
    assert swift("PUT", "/c/three", body=LARGE).status == 503
    assert swift("PUT", "/c/few", body=b"few").status == 201
    disks.away(store, "c")
    assert swift("GET", "/c/one").status == 503
    assert swift("GET", "/c/few").content == b"few"


def test_what_happens_to_disks_is_told(cloud: Any, swift: Any, store: ManyDisks) -> None:
    swift("PUT", "/c", headers=CODED)
    swift("PUT", "/c/one", body=LARGE)
    cloud.sweep()
    disks.away(store, "a")
    swift("PUT", "/c/two", body=LARGE)
    cloud.sweep()
    assert any("not mounted" in each["problem"] for each in cloud.audit())
    disks.back(store, "a")
    cloud.sweep()
    assert cloud.audit() == []
    told = cloud.database.read(lambda tx: events.after(tx, 0, 1000))
    kinds = [each["kind"] for each in told if each["subject"] == "object_disk/a"]
    assert [kind for kind in kinds if "index" not in kind] == [
        "object_disk.lost", "object_disk.returned", "object_disk.rebuilt",
    ]  # fmt: skip
    assert "object_disk.index_copy.lost" in kinds


@pytest.fixture
def mounted(cloud: Any, tmp_path: Path) -> Iterator[ManyDisks]:
    """Three disks of 16 MiB, of which 4 MiB are the reserve."""
    before = durable.RESERVE
    durable.keep_free(4 << 20)
    for name in "abc":
        (tmp_path / "store" / name).mkdir(parents=True)
        mount(tmp_path / "store" / name)
    made = disks.made(tmp_path / "store", "three=3", 3)
    cloud.engines[ObjectStore] = made
    try:
        yield made
    finally:
        durable.keep_free(before)
        made.close()
        for name in "abc":
            subprocess.run(["umount", "-l", str(tmp_path / "store" / name)], check=False)


def mount(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave less than the reserve."""
    path = folder / "filler"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 13 << 20)
    return path


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root mounts disks")


@needs_root
def test_a_disk_that_is_full_breaks_no_other(cloud: Any, mounted: ManyDisks) -> None:
    swift = partial(ask, cloud)
    swift("PUT", "/c", headers=COPIES)
    fillers = [fill(mounted.layout.disks["a"])]
    assert swift("PUT", "/c/one", body=LARGE).status == 201
    assert swift("PUT", "/c/few", body=b"few").status == 201
    fillers += [fill(mounted.layout.disks[name]) for name in "bc"]
    assert swift("PUT", "/c/two", body=LARGE).status == 507
    assert swift("GET", "/c/one").content == LARGE and swift("GET", "/c/two").status == 404
    for path in fillers:
        path.unlink()
    assert swift("PUT", "/c/two", body=LARGE).status == 201
    cloud.sweep()
    assert cloud.audit() == []


@needs_root
def test_a_disk_is_unmounted_and_another_one_takes_its_place(cloud: Any, mounted: ManyDisks) -> None:
    swift, folder = partial(ask, cloud), mounted.layout.disks["a"]
    swift("PUT", "/c", headers=COPIES)
    swift("PUT", "/c/one", body=LARGE)
    subprocess.run(["umount", "-l", str(folder)], check=True)
    assert swift("PUT", "/c/two", body=LARGE).status == 201 and swift("PUT", "/c/few", body=b"few").status == 201
    cloud.sweep()
    assert os.listdir(folder) == []
    mount(folder)
    assert swift("PUT", "/c/three", body=LARGE).status == 201
    assert os.listdir(folder) == []
    assert mounted.disks.take("a", replaced=True) == ""
    cloud.sweep()
    assert cloud.audit() == [] and len([*folder.glob("files/*/*")]) == 3
    for name in "bc":
        subprocess.run(["umount", "-l", str(mounted.layout.disks[name])], check=True)
    assert [swift("GET", f"/c/{name}").content == LARGE for name in ("one", "two", "three")] == [True] * 3
    assert swift("GET", "/c/few").content == b"few"
