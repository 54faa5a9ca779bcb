"""The contract of every hypervisor: a suite to inherit, with fixtures `hypervisor` and `new_spec`."""

from collections.abc import Callable

import pytest

from kumoi.engines.hypervisor.interface import (
    Disk,
    GuestAddress,
    GuestMetadata,
    GuestSpec,
    GuestState,
    Hypervisor,
    HypervisorError,
    Nic,
)
from kumoi.engines.volumes.interface import FileSource
from kumoi.kernel import randomness
from kumoi.kernel.fences import Fence

SpecMaker = Callable[[], GuestSpec]


def metadata(server_id: str, name: str = "web") -> GuestMetadata:
    return GuestMetadata(
        server_id=server_id,
        project_id="9d3b3d2c3f4a4a51b6a3f4f1b0c1d2e3",
        name=name,
        hostname=f"{name}.novalocal",
        availability_zone="nova",
        launch_index=0,
        public_keys={"mine": "ssh-ed25519 AAAAC3Nz me@here"},
        meta={"role": "web"},
        user_data=b"#!/bin/sh\necho hello\n",
        admin_pass="s3cret",
        instance_type="m1.tiny",
        image_id=None,
        addresses=[GuestAddress("net-1", "10.0.0.5", "172.24.4.7")],
        network_data={"links": [], "networks": [], "services": []},
        block_devices={"ami": "vda", "root": "/dev/vda"},
        security_groups=["default"],
        reservation_id="r-abcdefgh",
    )


def guest_spec() -> GuestSpec:
    server_id = randomness.new_uuid()
    return GuestSpec(
        server_id=server_id,
        name="web",
        vcpus=1,
        memory_mib=64,
        root=None,
        disks=[],
        nics=[],
        config_drive=False,
        metadata=metadata(server_id),
    )


def fence(server_id: str, generation: int = 1) -> Fence:
    return Fence(f"server/{server_id}", generation)


class HypervisorContract:
    @pytest.fixture
    def new_spec(self) -> SpecMaker:
        return guest_spec

    @pytest.fixture
    def new_disk(self) -> Callable[[], Disk]:
        def make() -> Disk:
            volume_id = randomness.new_uuid()
            return Disk(volume_id, FileSource(volume_id))

        return make

    def test_a_guest_lives_and_leaves_nothing(self, hypervisor: Hypervisor, new_spec: SpecMaker) -> None:
        spec = new_spec()
        order = fence(spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.ABSENT
        assert spec.server_id not in hypervisor.states()
        hypervisor.start(order, spec)
        hypervisor.start(order, spec)
        assert hypervisor.states()[spec.server_id] is GuestState.RUNNING
        hypervisor.pause(order, spec.server_id)
        hypervisor.pause(order, spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.PAUSED
        hypervisor.unpause(order, spec.server_id)
        hypervisor.unpause(order, spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.RUNNING
        hypervisor.power_off(order, spec.server_id)
        hypervisor.power_off(order, spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.OFF
        hypervisor.start(order, spec)
        assert hypervisor.state(spec.server_id) is GuestState.RUNNING
        hypervisor.destroy(order, spec.server_id)
        hypervisor.destroy(order, spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.ABSENT
        assert spec.server_id not in hypervisor.states()

    @pytest.mark.parametrize("paused", [False, True])
    def test_suspended_memory_comes_back(self, hypervisor: Hypervisor, new_spec: SpecMaker, paused: bool) -> None:
        spec = new_spec()
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        if paused:
            hypervisor.pause(order, spec.server_id)
        hypervisor.suspend(order, spec.server_id)
        hypervisor.suspend(order, spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.SUSPENDED
        with pytest.raises(HypervisorError, match="suspended"):
            hypervisor.pause(order, spec.server_id)
        hypervisor.start(order, spec)
        assert hypervisor.state(spec.server_id) is GuestState.RUNNING

    def test_a_suspended_guest_can_be_switched_off(self, hypervisor: Hypervisor, new_spec: SpecMaker) -> None:
        spec = new_spec()
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        hypervisor.suspend(order, spec.server_id)
        hypervisor.power_off(order, spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.OFF

    def test_disks_of_a_guest_that_is_off(
        self, hypervisor: Hypervisor, new_spec: SpecMaker, new_disk: Callable[[], Disk]
    ) -> None:
        spec, disk = new_spec(), new_disk()
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        hypervisor.power_off(order, spec.server_id)
        device = hypervisor.attach_disk(order, spec.server_id, disk)
        assert device.startswith("/dev/vd")
        assert hypervisor.attach_disk(order, spec.server_id, disk) == device
        assert hypervisor.detach_disk(order, spec.server_id, disk.volume_id) is True
        assert hypervisor.detach_disk(order, spec.server_id, disk.volume_id) is True

    def test_disks_of_a_running_guest(
        self, hypervisor: Hypervisor, new_spec: SpecMaker, new_disk: Callable[[], Disk]
    ) -> None:
        spec, first, second = new_spec(), new_disk(), new_disk()
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        names = [hypervisor.attach_disk(order, spec.server_id, disk) for disk in (first, second)]
        assert len(set(names)) == 2
        assert hypervisor.attach_disk(order, spec.server_id, first) == names[0]
        assert sorted(hypervisor.disks()[spec.server_id]) == sorted(disk.volume_id for disk in (first, second))
        # A guest without an operating system never releases a device. When it is off, it is not asked.
        hypervisor.detach_disk(order, spec.server_id, first.volume_id)
        hypervisor.power_off(order, spec.server_id)
        assert hypervisor.detach_disk(order, spec.server_id, first.volume_id) is True
        assert hypervisor.disks()[spec.server_id] == [second.volume_id]

    def test_a_paused_guest_lets_go_of_nothing(
        self, hypervisor: Hypervisor, new_spec: SpecMaker, new_disk: Callable[[], Disk]
    ) -> None:
        spec, disk, nic = new_spec(), new_disk(), Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        hypervisor.attach_disk(order, spec.server_id, disk)
        hypervisor.attach_nic(order, spec.server_id, nic)
        hypervisor.pause(order, spec.server_id)
        assert hypervisor.detach_disk(order, spec.server_id, disk.volume_id) is False
        assert hypervisor.detach_nic(order, spec.server_id, nic.port_id) is False
        assert hypervisor.detach_disk(order, spec.server_id, new_disk().volume_id) is True
        assert hypervisor.detach_nic(order, spec.server_id, randomness.new_uuid()) is True
        assert hypervisor.disks()[spec.server_id] == [disk.volume_id]
        assert hypervisor.cards()[spec.server_id] == [nic.port_id]

    def test_nics_come_and_go(self, hypervisor: Hypervisor, new_spec: SpecMaker) -> None:
        spec, nic = new_spec(), Nic(randomness.new_uuid(), "fa:16:3e:00:00:01", 1442)
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        hypervisor.attach_nic(order, spec.server_id, nic)
        hypervisor.attach_nic(order, spec.server_id, nic)
        assert hypervisor.cards()[spec.server_id] == [nic.port_id]
        hypervisor.power_off(order, spec.server_id)
        assert hypervisor.cards()[spec.server_id] == [nic.port_id]
        assert hypervisor.detach_nic(order, spec.server_id, nic.port_id) is True
        assert hypervisor.detach_nic(order, spec.server_id, nic.port_id) is True
        assert hypervisor.cards()[spec.server_id] == []

    def test_a_kept_root_disk_needs_a_guest_that_is_off(self, hypervisor: Hypervisor, new_spec: SpecMaker) -> None:
        spec = new_spec()
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        for ask in (hypervisor.keep_root, hypervisor.restore_root):
            with pytest.raises(HypervisorError, match="running"):
                ask(order, spec.server_id)
        hypervisor.power_off(order, spec.server_id)
        for ask in (hypervisor.keep_root, hypervisor.restore_root, hypervisor.forget_root):
            ask(order, spec.server_id)
            ask(order, spec.server_id)
        hypervisor.start(order, spec)
        assert hypervisor.state(spec.server_id) is GuestState.RUNNING
        hypervisor.destroy(order, spec.server_id)
        hypervisor.forget_root(order, spec.server_id)

    def test_an_interrupt_needs_a_guest_that_is_up(self, hypervisor: Hypervisor, new_spec: SpecMaker) -> None:
        spec = new_spec()
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        hypervisor.inject_nmi(order, spec.server_id)
        hypervisor.pause(order, spec.server_id)
        hypervisor.inject_nmi(order, spec.server_id)
        hypervisor.power_off(order, spec.server_id)
        with pytest.raises(HypervisorError, match="off"):
            hypervisor.inject_nmi(order, spec.server_id)

    def test_a_guest_without_a_root_disk_is_not_copied(self, hypervisor: Hypervisor, new_spec: SpecMaker) -> None:
        spec = new_spec()
        order, copy = fence(spec.server_id), randomness.new_uuid()
        hypervisor.start(order, spec)
        with pytest.raises(HypervisorError, match="no root disk"):
            hypervisor.copy_root(order, spec.server_id, copy)
        hypervisor.remove_copy(order, spec.server_id, copy)

    def test_an_absent_guest_is_named(self, hypervisor: Hypervisor) -> None:
        absent = randomness.new_uuid()
        order = fence(absent)
        for ask in (
            lambda: hypervisor.pause(order, absent),
            lambda: hypervisor.unpause(order, absent),
            lambda: hypervisor.suspend(order, absent),
            lambda: hypervisor.power_off(order, absent),
            lambda: hypervisor.ask_shutdown(order, absent),
            lambda: hypervisor.keep_root(order, absent),
            lambda: hypervisor.copy_root(order, absent, randomness.new_uuid()),
            lambda: hypervisor.inject_nmi(order, absent),
            lambda: hypervisor.restore_root(order, absent),
            lambda: hypervisor.console_log(absent, 10),
            lambda: hypervisor.vnc_socket(absent),
            lambda: hypervisor.publish_metadata(order, absent, metadata(absent)),
            lambda: hypervisor.attach_disk(order, absent, Disk("v", FileSource("v"))),
        ):
            with pytest.raises(HypervisorError, match=absent):
                ask()
        assert hypervisor.detach_disk(order, absent, "v") is True
        assert hypervisor.detach_nic(order, absent, "p") is True

    def test_an_off_guest_refuses_what_needs_a_running_one(self, hypervisor: Hypervisor, new_spec: SpecMaker) -> None:
        spec = new_spec()
        order = fence(spec.server_id)
        hypervisor.start(order, spec)
        hypervisor.power_off(order, spec.server_id)
        for ask in (hypervisor.pause, hypervisor.unpause, hypervisor.suspend):
            with pytest.raises(HypervisorError, match="off"):
                ask(order, spec.server_id)
        with pytest.raises(HypervisorError):
            hypervisor.vnc_socket(spec.server_id)
        hypervisor.ask_shutdown(order, spec.server_id)
        assert hypervisor.state(spec.server_id) is GuestState.OFF

    def test_the_host_says_what_it_has(self, hypervisor: Hypervisor) -> None:
        host = hypervisor.host()
        assert host.vcpus > 0 and host.memory_mib > 0 and host.disk_gib > 0
        assert {"arch", "model", "topology", "features"} <= set(host.cpu)
