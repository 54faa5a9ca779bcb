"""Limits of guests, on a folder that stands for cgroup v2."""

from pathlib import Path

import pytest

from kumoi.engines.hypervisor.qemu.control_groups import WANTED, ControlGroups, missing, mounted

FILES = ("cpu.max", "cpu.weight", "memory.max", "pids.max", "cgroup.procs")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What the kernel makes in a group's folder is made here beforehand."""
    for folder in (tmp_path, tmp_path / "kumoi-abcdef", tmp_path / "kumoi-abcdef" / "server"):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids\n")
        for name in ("cgroup.subtree_control", *FILES):
            (folder / name).touch()
    return tmp_path


def test_a_guest_is_limited_to_what_it_was_promised(root: Path) -> None:
    group = ControlGroups(root, "abcdef").limit("server", 2, 1024, "kvm")
    assert group == root / "kumoi-abcdef" / "server"
    found = {name: (group / name).read_text() for name in FILES}
    assert found["cpu.max"] == "300000 100000" and found["cpu.weight"] == "200"
    assert 1024 << 20 < int(found["memory.max"]) < 2048 << 20
    assert found["pids.max"] == "258"
    for parent in (root, root / "kumoi-abcdef"):
        assert "+pids" in (parent / "cgroup.subtree_control").read_text()


def test_a_machine_without_controllers_has_no_limits_and_says_which(root: Path) -> None:
    (root / "cgroup.controllers").write_text("hugetlb pids\n")
    assert missing(root) == ("cpu", "memory", "io")
    assert missing(None) == WANTED
    group = ControlGroups(root, "abcdef").limit("server", 1, 64, "tcg")
    assert group and (group / "pids.max").read_text() and not (group / "cpu.max").read_text()
    (root / "cgroup.controllers").write_text("hugetlb\n")
    assert ControlGroups(root, "abcdef").limit("server", 1, 64, "tcg") is None
    assert ControlGroups(None, "abcdef").limit("server", 1, 64, "tcg") is None


def test_a_group_that_cannot_be_made_stops_no_guest(root: Path) -> None:
    (root / "kumoi-abcdef" / "server" / "pids.max").unlink()
    (root / "kumoi-abcdef" / "server" / "pids.max").mkdir()
    assert ControlGroups(root, "abcdef").limit("server", 1, 64, "tcg") is None


def test_where_cgroup_v2_is_mounted_and_may_be_written(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "24 1 0:21 / /sys/fs/cgroup ro,relatime - tmpfs tmpfs rw\n"
        "30 24 0:26 / /sys/fs/cgroup/unified rw,nosuid,relatime shared:9 - cgroup2 cgroup2 rw\n"
    )
    assert mounted(table) == Path("/sys/fs/cgroup/unified")
    table.write_text("30 24 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup2 rw\n")
    assert mounted(table) is None
    assert mounted(tmp_path / "absent") is None
