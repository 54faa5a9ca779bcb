"""Volumes whose steps fail, that are deleted meanwhile, and that are requested concurrently."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kumoi.engines.hosts import Hosts
from kumoi.host.client import Unreachable
from kumoi.kernel import clock, quotas
from kumoi.kernel.fences import Busy, Fence
from tests.cloud import PROJECT, Cloud
from tests.services.block_storage.world import V3, act, differences, fake, image, make, messages, show, snap

Reply = tuple[int, bytes]
Send = Callable[[str, bytes, float], Reply]


@pytest.fixture
def time() -> Iterator[clock.VirtualClock]:
    """Waiting takes no time."""
    virtual = clock.VirtualClock()
    with clock.using(virtual):
        yield virtual


@pytest.fixture
def two_clouds(tmp_path: Path, database_url: str) -> Iterator[Cloud]:
    """A cloud on each kind of database."""
    made = Cloud(tmp_path, database_url)
    yield made
    made.close()


def silence(cloud: Any, monkeypatch: pytest.MonkeyPatch, method: str, error: type[Exception] = RuntimeError) -> None:
    """The host does not answer this call, or raises the error."""

    def away(*_: Any, **__: Any) -> None:
        raise error("the host is silent")

    monkeypatch.setattr(fake(cloud), method, away)


STEPS = [("capacity", "image"), ("prepare_base", "image"), ("create", "image"), ("snapshot", "volume"),
         ("create", "volume"), ("delete_snapshot", "volume")]  # fmt: skip
"""The calls of the host while a volume is created from an image, or copied."""


@pytest.mark.parametrize(("method", "of"), STEPS)
def test_a_volume_that_cannot_be_made_leaves_nothing(cloud: Any, method: str, of: str) -> None:
    source = make(cloud)
    fields = {"source_volid": source} if of == "volume" else {"imageRef": image(cloud)}
    fake(cloud).fail_next(method, "the disk is full")
    volume_id = make(cloud, **fields)
    assert show(cloud, volume_id)["status"] == "error"
    assert messages(cloud, volume_id)[0].startswith("create volume: ")
    assert "the disk is full" in messages(cloud, volume_id)[0]
    assert fake(cloud).inventory().volumes == [source] and fake(cloud).inventory().snapshots == []
    assert differences(cloud) == []
    assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
    cloud.settle()
    assert show(cloud, volume_id) is None


def test_no_room(cloud: Any) -> None:
    fake(cloud).capacity_gib = 3
    make(cloud, size=2)
    volume_id = make(cloud, size=2)
    assert show(cloud, volume_id)["status"] == "error"
    assert messages(cloud, volume_id) == [
        "create volume: No host has room for a volume of 2 GiB; the freest has 1 GiB."
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "of"), STEPS)
def test_deleted_while_it_is_being_made(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, time: clock.VirtualClock, method: str, of: str
) -> None:
    source = make(cloud)
    fields = {"source_volid": source} if of == "volume" else {"imageRef": image(cloud)}
    with monkeypatch.context() as patch:
        silence(cloud, patch, method)
        volume_id = make(cloud, settle=False, **fields)
        while cloud.runner.run_one():
            pass
        assert show(cloud, volume_id)["status"] == "creating"
        assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
        assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
        assert show(cloud, volume_id)["status"] == "deleting"
    cloud.settle()
    assert show(cloud, volume_id) is None
    assert fake(cloud).inventory().volumes == [source] and fake(cloud).inventory().snapshots == []
    assert differences(cloud) == []
    assert cloud.delete(f"{V3}/volumes/{source}").status_code == 202


@pytest.mark.parametrize(
    ("kind", "work"), [("image", "create"), ("volume", "copy"), ("volume", "extend"), ("volume", "snapshot")]
)
def test_what_the_host_is_still_at_work_on_is_asked_again(
    cloud: Any, time: clock.VirtualClock, kind: str, work: str
) -> None:
    """For longer than any single call waits."""
    source = make(cloud)
    busy = image(cloud) if kind == "image" else source
    volume_id, snapshot_id = source, None
    with fake(cloud).working(kind, busy):
        if work == "create":
            volume_id = make(cloud, settle=False, imageRef=busy)
        elif work == "copy":
            volume_id = make(cloud, settle=False, source_volid=busy)
        elif work == "extend":
            assert act(cloud, source, "os-extend", {"new_size": 2}).status_code == 202
        else:
            snapshot_id = snap(cloud, source, settle=False)
        for _ in range(90):
            while cloud.runner.run_one():
                pass
            time.advance(10)
        underway = {"extend": "extending", "snapshot": "available"}.get(work, "creating")
        assert show(cloud, volume_id)["status"] == underway and messages(cloud, volume_id) == []
    time.advance(60)
    cloud.settle()
    assert show(cloud, volume_id)["status"] == "available" and messages(cloud, volume_id) == []
    if snapshot_id:
        assert cloud.get(f"{V3}/snapshots/{snapshot_id}").json["snapshot"]["status"] == "available"
    assert differences(cloud) == []


@pytest.mark.parametrize("answers", ["silent", "refuses"])
def test_a_host_without_room_for_an_answer_stays_unnamed(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, time: clock.VirtualClock, answers: str
) -> None:
    if answers == "silent":
        silence(cloud, monkeypatch, "capacity")
    else:
        fake(cloud).fail_next("capacity", "the disk is broken")
    volume_id = make(cloud, settle=False)
    cloud.runner.run_until_quiet(200)
    (told,) = messages(cloud, volume_id)
    assert "host-1" not in told and told == "create volume: " + {
        "silent": "choose host: a host that may have room does not answer after 60 s", "refuses": "the disk is broken",
    }[answers]  # fmt: skip


def test_a_deletion_waits_for_a_copy_and_wins(cloud: Any, time: clock.VirtualClock) -> None:
    volume_id = make(cloud)
    with fake(cloud).working("volume", volume_id):
        snap(cloud, volume_id, settle=False)
        while cloud.runner.run_one():
            pass
        assert cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true").status_code == 202
        while cloud.runner.run_one():
            pass
        assert show(cloud, volume_id)["status"] == "deleting"
    time.advance(60)
    cloud.settle()
    assert show(cloud, volume_id) is None and fake(cloud).inventory().volumes == [] == differences(cloud)


def test_a_runner_that_dies_after_the_disk_was_made(cloud: Any, time: clock.VirtualClock) -> None:
    """The engine call is complete and nothing is recorded: the next runner repeats it."""
    volume_id = make(cloud, settle=False)
    write = cloud.runner.database.write

    class Died(BaseException):
        pass

    def dies(work: Any, **how: Any) -> Any:
        if fake(cloud).inventory().volumes:
            raise Died
        return write(work, **how)

    cloud.runner.database.write = dies
    with pytest.raises(Died):
        cloud.settle()
    cloud.runner.database.write = write
    assert show(cloud, volume_id)["status"] == "creating" and fake(cloud).inventory().volumes == [volume_id]
    time.advance(60)
    cloud.settle()
    assert show(cloud, volume_id)["status"] == "available"
    assert differences(cloud) == []


def test_a_deletion_goes_on_until_the_host_does_it(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, time: clock.VirtualClock
) -> None:
    volume_id = make(cloud)
    with monkeypatch.context() as patch:
        silence(cloud, patch, "delete")
        assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
        cloud.runner.run_until_quiet(200)
        assert show(cloud, volume_id)["status"] == "error_deleting"
        assert messages(cloud, volume_id) and messages(cloud, volume_id)[0].startswith("delete volume: ")
        assert any(each["id"] for each in differences(cloud))
        assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
        assert show(cloud, volume_id)["status"] == "deleting"
        cloud.runner.run_until_quiet(200)
        assert show(cloud, volume_id)["status"] == "error_deleting", "asked twice, it is never told of again"
    time.advance(60)
    cloud.settle()
    assert show(cloud, volume_id) is None and fake(cloud).inventory().volumes == []


def test_a_deletion_waits_for_a_copy_that_the_host_is_still_making(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, time: clock.VirtualClock
) -> None:
    """A copy may take a host half an hour, in which it accepts no other order for the disk."""
    volume_id = make(cloud)
    with monkeypatch.context() as patch:
        silence(cloud, patch, "delete", Busy)
        assert cloud.delete(f"{V3}/volumes/{volume_id}").status_code == 202
        cloud.runner.run_until_quiet(1800)
        assert show(cloud, volume_id)["status"] == "deleting" and messages(cloud, volume_id) == []
    time.advance(60)
    cloud.settle()
    assert show(cloud, volume_id) is None


def test_growing(cloud: Any) -> None:
    volume_id = make(cloud)
    for wrong, word in ((1, "greater"), (0, "greater"), ("x", "new_size"), (-5, "greater")):
        refused = act(cloud, volume_id, "os-extend", {"new_size": wrong})
        assert refused.status_code == 400 and word in refused.json["badRequest"]["message"]
    assert act(cloud, volume_id, "os-extend", {"new_size": 3}).status_code == 202
    assert show(cloud, volume_id)["status"] == "extending"
    assert act(cloud, volume_id, "os-extend", {"new_size": 4}).status_code == 400
    cloud.settle()
    assert (show(cloud, volume_id)["status"], show(cloud, volume_id)["size"]) == ("available", 3)
    assert fake(cloud).size_gib(volume_id) == 3
    fake(cloud).fail_next("extend", "the disk is full")
    act(cloud, volume_id, "os-extend", {"new_size": 5})
    cloud.settle()
    volume = show(cloud, volume_id)
    assert (volume["status"], volume["size"]) == ("error_extending", 3)
    assert messages(cloud, volume_id) == ["extend volume: the disk is full"]


@pytest.mark.parametrize("of", ["volume", "snapshot"])
def test_what_is_being_copied_stays_as_it_is(cloud: Any, of: str) -> None:
    """The copy has the size at the request, whenever a runner executes it."""
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    made_of = {"source_volid": volume_id} if of == "volume" else {"snapshot_id": snapshot_id}
    copy = make(cloud, settle=False, **made_of)
    refused = [
        (volume_id, act(cloud, volume_id, "os-extend", {"new_size": 2})),
        (volume_id, act(cloud, volume_id, "revert", {"snapshot_id": snapshot_id})),
        (volume_id, cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true")),
    ] if of == "volume" else [
        (snapshot_id, cloud.delete(f"{V3}/snapshots/{snapshot_id}")),
        (snapshot_id, cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true")),
    ]  # fmt: skip
    for source, answer in refused:
        assert answer.status_code == 400 and f"{source} is just being copied to volume {copy}" in answer.text
    if of == "snapshot":
        assert act(cloud, volume_id, "os-extend", {"new_size": 2}).status_code == 202
    cloud.settle()
    assert (show(cloud, copy)["status"], show(cloud, copy)["size"]) == ("available", 1)
    assert messages(cloud, copy) == [] and differences(cloud) == []


def hear(cloud: Any, monkeypatch: pytest.MonkeyPatch, way: Callable[[Send, str, bytes, float], Reply]) -> None:
    """`way` replaces the connection between runner and host; it gets the real one."""
    (transport,) = cloud.engines[Hosts].transports.values()
    monkeypatch.setattr(transport, "send", partial(way, transport.send))


def used(cloud: Any) -> int:
    """GiB, as the quota counts them."""
    return int(cloud.get(f"{V3}/limits").json["limits"]["absolute"]["totalGigabytesUsed"])


@pytest.mark.parametrize("obeyed", [True, False])
@pytest.mark.parametrize("in_use", [True, False])
def test_when_nobody_hears_whether_the_disk_has_grown_its_own_size_is_the_truth(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, time: clock.VirtualClock, obeyed: bool, in_use: bool
) -> None:
    volume_id, late = make(cloud), []
    if in_use:
        act(cloud, volume_id, "os-attach", {"host_name": "h", "mountpoint": "/dev/vdb"})

    def away(send: Send, path: str, body: bytes, within: float) -> Reply:
        if not path.endswith("/extend"):
            return send(path, body, within)
        if obeyed:
            send(path, body, within)
        late[:] = [partial(send, path, body, within)]
        raise Unreachable("the answer is lost")

    with monkeypatch.context() as patch:
        hear(cloud, patch, away)
        assert act(cloud, volume_id, "os-extend", {"new_size": 5}).status_code == 202
        cloud.runner.run_until_quiet(4000)
    assert late[0]()[0] == 409, "an order that comes late was obeyed"
    volume, size = show(cloud, volume_id), 5 if obeyed else 1
    rests = "in-use" if in_use else "available" if obeyed else "error_extending"
    assert (volume["size"], volume["status"]) == (size, rests)
    assert fake(cloud).size_gib(volume_id) == size == used(cloud)
    assert messages(cloud, volume_id) == ["extend volume: grow: its host does not answer after 1800 s"]
    assert differences(cloud) == []


def test_the_audit_sees_a_disk_of_another_size(cloud: Any) -> None:
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    fake(cloud).extend(Fence("volume/by-hand", 1), volume_id, 4)
    assert [(each["id"], each["problem"]) for each in differences(cloud)] == [
        (volume_id, f"its disk has {4 << 30} bytes, not 1 GiB")
    ]
    act(cloud, volume_id, "os-extend", {"new_size": 5})
    assert [each["kind"] for each in differences(cloud)] == ["volume.extend"], "an operation is at work on it"
    cloud.settle()
    assert differences(cloud) == []
    fake(cloud).delete_snapshot(Fence("snapshot/by-hand", 1), snapshot_id)
    fake(cloud).snapshot(Fence("snapshot/by-hand", 1), volume_id, snapshot_id)
    assert [each["problem"] for each in differences(cloud)] == [f"its disk has {5 << 30} bytes, not 1 GiB"]


def test_a_snapshot_has_the_size_of_its_instant(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, time: clock.VirtualClock
) -> None:
    volume_id = make(cloud)
    with monkeypatch.context() as patch:
        silence(cloud, patch, "snapshot")
        snapshot_id = snap(cloud, volume_id, settle=False)
        cloud.runner.run_one()
        act(cloud, volume_id, "os-extend", {"new_size": 2})
        cloud.runner.run_one()
        assert show(cloud, volume_id)["status"] == "available"
    time.advance(60)
    cloud.settle()
    assert cloud.get(f"{V3}/snapshots/{snapshot_id}").json["snapshot"]["size"] == 2
    assert used(cloud) == 4 and differences(cloud) == []


def test_an_order_for_a_snapshot_that_comes_after_its_deletion_is_refused(
    cloud: Any, monkeypatch: pytest.MonkeyPatch, time: clock.VirtualClock
) -> None:
    """The runner of the order sleeps past its lease, and wakes while the volume is deleted with all its snapshots."""
    volume_id, late, answers = make(cloud), [], []

    class Asleep(BaseException):
        pass

    def slow(send: Send, path: str, body: bytes, within: float) -> Reply:
        if path.endswith("/snapshot"):
            late.append(partial(send, path, body, within))
            raise Asleep
        if path.endswith("/delete"):
            answers.append(late[0]()[0])
        return send(path, body, within)

    hear(cloud, monkeypatch, slow)
    snap(cloud, volume_id, settle=False)
    with pytest.raises(Asleep):
        cloud.runner.run_one()
    assert cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true").status_code == 202
    time.advance(60)
    cloud.settle()
    assert answers == [409] and late[0]()[0] == 409
    assert show(cloud, volume_id) is None and fake(cloud).inventory().snapshots == [] == differences(cloud)


def test_growing_in_use_by_version(cloud: Any) -> None:
    volume_id = make(cloud)
    act(cloud, volume_id, "os-attach", {"host_name": "h", "mountpoint": "/dev/vdb"})
    assert act(cloud, volume_id, "os-extend", {"new_size": 2}, version="3.41").status_code == 400
    assert act(cloud, volume_id, "os-extend", {"new_size": 2}, version="3.42").status_code == 202
    cloud.settle()
    assert show(cloud, volume_id)["status"] == "in-use"
    fake(cloud).fail_next("extend")
    act(cloud, volume_id, "os-extend", {"new_size": 3})
    cloud.settle()
    assert (show(cloud, volume_id)["status"], show(cloud, volume_id)["size"]) == ("in-use", 2)


def test_back_to_a_snapshot(cloud: Any) -> None:
    volume_id = make(cloud)
    first, second = snap(cloud, volume_id), snap(cloud, volume_id)
    assert act(cloud, volume_id, "revert", {"snapshot_id": first}).status_code == 400
    assert act(cloud, volume_id, "revert", {"snapshot_id": second}, version="3.39").status_code == 400
    fake(cloud).fail_next("create")
    assert act(cloud, volume_id, "revert", {"snapshot_id": second}, version="3.40").status_code == 202
    assert show(cloud, volume_id)["status"] == "reverting"
    assert cloud.delete(f"{V3}/snapshots/{second}").status_code == 409
    cloud.settle()
    assert show(cloud, volume_id)["status"] == "available" and differences(cloud) == []


@pytest.mark.parametrize(("resource", "limit", "size", "allowed"), [("volumes", 10, 1, 10), ("gigabytes", 21, 2, 10)])
def test_fifty_at_once_take_no_more_than_the_quota(
    two_clouds: Cloud, resource: str, limit: int, size: int, allowed: int
) -> None:
    cloud = two_clouds
    cloud.database.write(lambda tx: quotas.set_limit(tx, "block_storage", "volumes", PROJECT, -1))
    cloud.database.write(lambda tx: quotas.set_limit(tx, "block_storage", resource, PROJECT, limit))
    cloud.get(f"{V3}/types/default")

    def ask(_: int) -> Any:
        return cloud.post(f"{V3}/volumes", json={"volume": {"size": size}})

    with ThreadPoolExecutor(10) as crowd:
        replies = list(crowd.map(ask, range(50)))
    statuses = [reply.status_code for reply in replies]
    assert statuses.count(202) == allowed and statuses.count(413) == 50 - allowed, statuses
    refused = next(reply for reply in replies if reply.status_code == 413)
    assert resource in refused.json["overLimit"]["message"]
    usage = cloud.get(f"{V3}/os-quota-sets/{PROJECT}?usage=True").json["quota_set"]
    assert usage[resource]["in_use"] == allowed * size
    cloud.settle(60)
    listed = cloud.get(f"{V3}/volumes/detail?metadata={{}}").json["volumes"]
    assert [each["status"] for each in listed] == ["available"] * allowed
    assert len(fake(cloud).inventory().volumes) == allowed
    for each in listed:
        assert cloud.delete(f"{V3}/volumes/{each['id']}").status_code == 202
    cloud.settle(60)
    assert fake(cloud).inventory().volumes == [] and cloud.audit() == []


def test_filters_and_pages_are_the_same_on_both_databases(two_clouds: Cloud) -> None:
    cloud = two_clouds
    a = make(cloud, name="a", metadata={"k": "v"}, settle=False)
    b = make(cloud, metadata={"k": "w"})
    ids = lambda query: [each["id"] for each in cloud.get(f"{V3}/volumes?{query}", version="3.60").json["volumes"]]  # noqa: E731
    assert ids("metadata={'k':'v'}") == [a] and ids("metadata={'x':'v'}") == []
    assert ids("sort=name:asc") == [b, a] and ids(f"sort=name:asc&marker={b}") == [a]
    assert ids("sort=name:desc") == [a, b] and ids(f"sort=name:desc&limit=1&marker={a}") == [b]
    assert ids("name~=A") == [a]
    assert ids("created_at=gte:2020-01-01") and ids("bootable=true") == []
    snapshot_id = snap(cloud, a, metadata={"s": "t"})
    found = cloud.get(f"{V3}/snapshots?metadata={{'s':'t'}}", version="3.22").json["snapshots"]
    assert [each["id"] for each in found] == [snapshot_id]
