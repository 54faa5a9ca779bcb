"""The sweeps delete unknown disks, and correct states that no operation will change."""

from collections.abc import Iterator
from typing import Any

import pytest

from kumoi.kernel import clock, events, operations
from kumoi.kernel.fences import Fence
from kumoi.kernel.randomness import new_uuid
from kumoi.kernel.reconcile import View
from kumoi.services.block_storage import sweeps
from tests.services.block_storage.world import V3, act, differences, fake, make, show, snap

BY_HAND = Fence("by/hand", 1)


@pytest.fixture
def time() -> Iterator[clock.VirtualClock]:
    virtual = clock.VirtualClock()
    with clock.using(virtual):
        yield virtual


def sweep(cloud: Any) -> None:
    view = View(cloud.database, cloud.locate)
    sweeps.remove_leftovers(view)
    sweeps.settle_states(view)
    cloud.settle()


def lying(cloud: Any) -> list[str]:
    inventory = fake(cloud).inventory()
    return [*inventory.volumes, *inventory.snapshots]


def gone(cloud: Any) -> tuple[str, str]:
    """A deleted volume and snapshot whose disks reappear through abandoned orders."""
    volume_id = make(cloud)
    snapshot_id = snap(cloud, volume_id)
    assert cloud.delete(f"{V3}/volumes/{volume_id}?cascade=true").status_code == 202
    cloud.settle()
    fake(cloud).create(BY_HAND, volume_id, 1, None, None)
    fake(cloud).snapshot(BY_HAND, volume_id, snapshot_id)
    return volume_id, snapshot_id


def test_disks_that_nobody_knows_go_after_a_while(cloud: Any, time: clock.VirtualClock) -> None:
    disks, kept = gone(cloud), make(cloud)
    sweep(cloud)
    time.advance(590)
    sweep(cloud)
    assert sorted(lying(cloud)) == sorted([*disks, kept]) and len(differences(cloud)) == 2
    time.advance(20)
    sweep(cloud)
    assert lying(cloud) == [kept] and differences(cloud) == []


def test_what_was_looked_at_once_stays(cloud: Any, time: clock.VirtualClock) -> None:
    disks = gone(cloud)
    time.advance(3600)
    sweep(cloud)
    assert sorted(lying(cloud)) == sorted(disks)


def test_what_was_known_in_between_begins_anew(
    cloud: Any, time: clock.VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    disks = gone(cloud)
    sweep(cloud)
    time.advance(300)
    with monkeypatch.context() as patch:
        patch.setattr(operations, "held", lambda tx: {f"volume/{disks[0]}", f"snapshot/{disks[1]}"})
        sweep(cloud)
    time.advance(310)
    sweep(cloud)
    assert sorted(lying(cloud)) == sorted(disks)


def test_what_these_tables_never_worked_on_stays_and_is_said(cloud: Any, time: clock.VirtualClock) -> None:
    """After an older backup of the tables was restored, the disk may be the only copy of somebody's data."""
    volume_id = new_uuid()
    fake(cloud).create(BY_HAND, volume_id, 1, None, None)
    for _ in range(3):
        sweep(cloud)
        time.advance(700)
    assert lying(cloud) == [volume_id] == [each["id"] for each in differences(cloud)]


def test_a_copy_under_way_keeps_its_snapshot(cloud: Any, time: clock.VirtualClock) -> None:
    source = make(cloud)
    copy = make(cloud, settle=False, source_volid=source)
    fake(cloud).snapshot(BY_HAND, source, copy)
    with fake(cloud).working("volume", copy):
        for _ in range(3):
            sweep(cloud)
            time.advance(700)
        assert copy in fake(cloud).inventory().snapshots
        assert cloud.database.read(lambda tx: events.after(tx, 0, 9, events.Wanted(subject=f"snapshot/{copy}"))) == []
    time.advance(60)
    cloud.settle()
    assert show(cloud, copy)["status"] == "available" and fake(cloud).inventory().snapshots == []


@pytest.mark.parametrize("status", ["creating", "deleting", "extending", "reverting", "in-use", "attaching"])
@pytest.mark.parametrize("attached", [True, False])
def test_a_state_of_a_volume_that_an_admin_set_and_nothing_leads_out_of(
    cloud: Any, time: clock.VirtualClock, status: str, attached: bool
) -> None:
    volume_id = make(cloud)
    if attached:
        act(cloud, volume_id, "os-attach", {"host_name": "h", "mountpoint": "/dev/vdb"})
    assert act(cloud, volume_id, "os-reset_status", {"status": status}, as_="admin").status_code == 202
    sweep(cloud)
    assert show(cloud, volume_id)["status"] == status
    time.advance(299)
    sweep(cloud)
    assert show(cloud, volume_id)["status"] == status
    time.advance(2)
    sweep(cloud)
    rests = "in-use" if attached else "available"
    assert show(cloud, volume_id)["status"] == rests and differences(cloud) == []
    said = cloud.database.read(lambda tx: events.after(tx, 0, 100, events.Wanted(subject=f"volume/{volume_id}")))
    settled = [each["facts"] for each in said if each["kind"] == "volume.status.settled"]
    assert settled == ([{"was": status, "status": rests}] if status != rests else [])


@pytest.mark.parametrize("status", ["creating", "deleting"])
def test_the_same_of_a_snapshot(cloud: Any, time: clock.VirtualClock, status: str) -> None:
    snapshot_id, lost = snap(cloud, make(cloud)), snap(cloud, make(cloud))
    fake(cloud).delete_snapshot(BY_HAND, lost)
    for each in (snapshot_id, lost):
        body = {"os-reset_status": {"status": status}}
        assert cloud.post(f"{V3}/snapshots/{each}/action", as_="admin", json=body).status_code == 202
    time.advance(301)
    sweep(cloud)
    seen = lambda each: cloud.get(f"{V3}/snapshots/{each}").json["snapshot"]["status"]  # noqa: E731
    assert (seen(snapshot_id), seen(lost)) == ("available", "error") and differences(cloud) == []


def test_a_volume_whose_disk_is_gone_is_in_error(cloud: Any, time: clock.VirtualClock) -> None:
    volume_id = make(cloud)
    fake(cloud).delete(BY_HAND, volume_id)
    act(cloud, volume_id, "os-reset_status", {"status": "creating"}, as_="admin")
    time.advance(301)
    sweep(cloud)
    assert show(cloud, volume_id)["status"] == "error" and differences(cloud) == []


def test_work_under_way_and_silent_hosts_are_waited_for(
    cloud: Any, time: clock.VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume_id, other = make(cloud), make(cloud)
    with fake(cloud).working("volume", volume_id):
        act(cloud, volume_id, "os-extend", {"new_size": 2})
        time.advance(301)
        sweep(cloud)
        assert show(cloud, volume_id)["status"] == "extending"
    act(cloud, other, "os-reset_status", {"status": "deleting"}, as_="admin")
    time.advance(301)
    with monkeypatch.context() as patch:
        patch.setattr(fake(cloud), "inventory", lambda: 1 / 0)
        sweep(cloud)
        assert show(cloud, other)["status"] == "deleting"
    sweep(cloud)
    assert show(cloud, other)["status"] == "available"
