"""The orders for one guest of this host."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from kumoi.engines.hypervisor import console
from kumoi.engines.hypervisor.interface import (
    Disk,
    GuestMetadata,
    GuestSpec,
    GuestState,
    HypervisorError,
    Nic,
)
from kumoi.engines.hypervisor.qemu import hot_plug, memory, process
from kumoi.engines.hypervisor.qemu.hardware import ROOT, node_name
from kumoi.engines.hypervisor.qemu.monitor import Monitor, Silent
from kumoi.engines.hypervisor.qemu.power import ALIVE, NO_ROOM, STATE_WITHIN, Power
from kumoi.engines.hypervisor.qemu.record import Desired, Record, boot_id
from kumoi.engines.hypervisor.qemu.surroundings import ROOM
from kumoi.engines.volumes.places import remove
from kumoi.kernel import durable, log
from kumoi.kernel.fences import Fence

MEMORY_LOST = "it was paused, and its memory was not saved: the machine went down, or this is a restored backup"


class Guest(Power):
    """Each order holds the guest's lock, so orders run one at a time."""

    def start(self, fence: Fence, spec: GuestSpec) -> None:
        with self._turn():
            state = self._state()
            if state in ALIVE and process.alive(self.place):
                if self._here().desired is Desired.SUSPENDED:
                    self._go_on(Desired.RUNNING)  # a crash came between suspending or resuming and writing it down
            elif state is GuestState.SUSPENDED:
                self._resume(self._here(), Desired.RUNNING)
            else:
                self._boot(Record(spec, fence.generation))

    def ask_shutdown(self) -> None:
        with self._turn():
            if self._state(self._here()) is GuestState.RUNNING:
                self._must_be_up("shut down")
                with self.talk() as qemu:
                    qemu.ask("system_powerdown")

    def power_off(self, fence: Fence) -> None:
        with self._turn():
            record = self._here()
            self._save(record, desired=Desired.OFF, resting=False, reason="")
            self._end(fence)

    def pause(self) -> None:
        with self._turn():
            self._must_be_up("pause")
            with self.talk() as qemu:
                qemu.ask("stop")
            self._save(self._here(), desired=Desired.PAUSED)

    def unpause(self) -> None:
        with self._turn():
            self._must_be_up("unpause")
            with self.talk() as qemu:
                memory.cancel_migration(qemu)
                qemu.ask("cont")
            self._forget_memory()
            self._save(self._here(), desired=Desired.RUNNING)

    def suspend(self, fence: Fence) -> None:
        with self._turn():
            if self._state(self._here()) is not GuestState.SUSPENDED:
                self._must_be_up("suspend")
                ran = self._here().desired is Desired.RUNNING
                memory.save(self.talk, self.place.memory_draft, self.place.memory, goes_on=ran)
                self._save(self._here(), desired=Desired.SUSPENDED)
            self._end(fence, keep_memory=True)

    def destroy(self, fence: Fence) -> None:
        with self._turn():
            self._end(fence, keep_memory=True)
            self.around.published(self.server_id, None)
            if self.record:
                self.around.take_back(self.record.spec.disks, self.record.uid)
            with contextlib.suppress(FileNotFoundError):
                # Remove the record first: files without a record are removed when the agent starts.
                self.place.record.unlink(missing_ok=True)
                durable.sync_folder(self.place.folder)
                shutil.rmtree(self.place.folder)
                durable.sync_folder(self.place.folder.parent)
            self.around.guest_users.release(self.server_id)
            self.record = None

    def keep_root(self) -> None:
        with self._turn():
            self._must_be_off("copy its root disk")
            if self.place.disk.exists() and not self.place.kept_disk.exists():
                self.around.copy_disk(self.place.disk, self.place.kept_disk)

    def restore_root(self) -> None:
        with self._turn():
            self._must_be_off("replace its root disk")
            if self.place.kept_disk.exists():
                self.place.kept_disk.replace(self.place.disk)
                durable.sync_folder(self.place.folder)

    def forget_root(self) -> None:
        with self._turn():
            remove(self.place.kept_disk)

    def copy_root(self, copy_id: str) -> Path:
        """Of a running guest, QEMU copies the disk's own layer at one instant; what lies below never changes. Other
        orders need not wait while the layers are joined."""
        to = self.place.copy(copy_id)
        layer = self.place.disk.with_suffix(".layer")
        if to.exists():
            return to
        with self._turn():
            record = self._here()
            if not self.place.disk.exists():
                raise HypervisorError(f"guest {self.server_id} has no root disk")
            if not process.alive(self.place):
                self.around.flatten_disk(self.place.disk, to)
                return to
            with self.around.layer_like(self.place.disk, layer) as part, self.around.lent(part, record.uid):
                self.copies.make(node_name(ROOT), part)
        try:
            self.around.flatten_disk(layer, to)
        finally:
            remove(layer)
        return to

    def inject_nmi(self) -> None:
        with self._turn():
            self._must_be_up("interrupt it")
            with self.talk() as qemu:
                qemu.ask("inject-nmi")

    def attach_disk(self, disk: Disk) -> str:
        with self._turn():
            before = self._changeable()
            path = self.around.disk_path(disk)
            self.around.hand_over(path, before.uid)
            machine = before.hardware or self._lay_out(before.spec)
            if disk.volume_id not in machine.disk_slots:
                machine = machine.with_disk(disk.volume_id)
            others = [d for d in before.spec.disks if d.volume_id != disk.volume_id]
            # Save the record first, so that a retry after a crash uses the same slot.
            self._save(before, hardware=machine, spec=msgspec.structs.replace(before.spec, disks=[*others, disk]))
            if process.alive(self.place):
                try:
                    with self.talk() as qemu:
                        hot_plug.plug_disk(qemu, machine, disk.volume_id, path)
                except Silent:
                    raise  # QEMU may have plugged the disk anyway. Detaching asks QEMU.
                except HypervisorError:
                    self._save(before)
                    self.around.take_back([disk], before.uid)
                    raise
            self._publish(self._here())
            return machine.device_name(disk.volume_id)

    def detach_disk(self, volume_id: str) -> bool:
        with self._turn():
            if self.record is None:
                return True
            self._changeable()
            if process.alive(self.place) and not (
                self._may_be_asked(volume_id, hot_plug.has_disk) and hot_plug.unplug_disk(self.talk, volume_id)
            ):
                return False
            self._without_disk(volume_id)
            return True

    def attach_nic(self, fence: Fence, nic: Nic) -> None:
        with self._turn():
            before = self._changeable()
            machine = before.hardware or self._lay_out(before.spec)
            if nic.port_id not in machine.nic_slots:
                machine = machine.with_nic(nic.port_id)
            others = [n for n in before.spec.nics if n.port_id != nic.port_id]
            self._save(before, hardware=machine, spec=msgspec.structs.replace(before.spec, nics=[*others, nic]))
            if process.alive(self.place):
                try:
                    self._plug_nic(fence, machine, nic)
                except Silent:
                    raise
                except HypervisorError:
                    self._save(before)
                    raise
            self._publish(self._here())

    def detach_nic(self, fence: Fence, port_id: str) -> bool:
        with self._turn():
            if self.record is None:
                return True
            self._changeable()
            if process.alive(self.place) and not (
                self._may_be_asked(port_id, hot_plug.has_nic) and hot_plug.unplug_nic(self.talk, port_id)
            ):
                return False
            self.around.unplug(fence, [port_id])
            self._without_nic(port_id)
            return True

    def publish(self, metadata: GuestMetadata) -> None:
        with self._turn():
            record = self._here()
            self._save(record, spec=msgspec.structs.replace(record.spec, metadata=metadata))
            self._publish(self._here())

    def _may_be_asked(self, name: str, has: Callable[[Monitor, str], bool]) -> bool:
        """Whether the guest may be asked to release the device of a volume or port. The record stores the request. A
        stopped guest is not asked: QEMU cannot withdraw the request, and the guest would release the device when it
        resumes."""
        record = self._here()
        if self._state(record) is GuestState.PAUSED:
            with self.talk() as qemu:
                if has(qemu, name):
                    return False
        if name not in record.leaving:
            self._save(self._here(), leaving=[*record.leaving, name])
        return True

    def _without_disk(self, volume_id: str) -> None:
        record = self._here()
        disks = [disk for disk in record.spec.disks if disk.volume_id != volume_id]
        self.around.take_back([disk for disk in record.spec.disks if disk.volume_id == volume_id], record.uid)
        self._save(
            record,
            spec=msgspec.structs.replace(record.spec, disks=disks),
            hardware=record.hardware and record.hardware.without_disk(volume_id),
            leaving=[name for name in record.leaving if name != volume_id],
        )
        self._publish(self._here())

    def _without_nic(self, port_id: str) -> None:
        record = self._here()
        nics = [nic for nic in record.spec.nics if nic.port_id != port_id]
        self._save(
            record,
            spec=msgspec.structs.replace(record.spec, nics=nics),
            hardware=record.hardware and record.hardware.without_nic(port_id),
            leaving=[name for name in record.leaving if name != port_id],
        )
        self._publish(self._here())

    def record_late_releases(self) -> None:
        """Update the record for devices that the guest released after the request had ended. Called every few seconds,
        because QEMU reports a release only to the current session."""
        record = self.record
        if record is None or not record.leaving or not self.lock.acquire(blocking=False):
            return
        try:
            disks = {disk.volume_id for disk in record.spec.disks}
            for name in self._here().leaving if process.alive(self.place) else ():
                if name in disks:
                    if hot_plug.disk_left(self.talk, name):
                        self._without_disk(name)
                elif hot_plug.nic_left(self.talk, name):
                    self.around.try_to_unplug(self._fence(), [name])
                    self._without_nic(name)
        finally:
            self.lock.release()

    def grew(self) -> bool:
        """Whether its disks occupy more of the host's disk than at the last call."""
        record = self.record
        occupied = 0
        for path in (self.place.disk, self.place.rescue_disk, *(self.around.folder.volumes / f"{d.source.volume_id}.qcow2"
                                        for d in (record.spec.disks if record else ()))):  # fmt: skip
            with contextlib.suppress(FileNotFoundError):
                occupied += path.stat().st_blocks
        before, self.occupied = self.occupied, occupied
        return before is not None and occupied > before

    def stand_still(self) -> None:
        """Stop a guest that would use up the disk's reserve. `resume_with_space` resumes it."""
        record = self.record
        if record is None or record.desired is not Desired.RUNNING or not self.lock.acquire(blocking=False):
            return
        try:
            if process.alive(self.place) is None:
                return
            try:
                self._save(self._here(), reason=NO_ROOM)
            except OSError:  # for want of space
                self.record = msgspec.structs.replace(self._here(), reason=NO_ROOM)
            with self.talk(STATE_WITHIN) as qemu:
                if qemu.ask("query-status")["status"] == "running":
                    qemu.ask("stop")
            log.say(ROOM, "a guest was stopped because the disk is nearly full", server_id=self.server_id)
        finally:
            self.lock.release()

    def resume_with_space(self) -> None:
        """Resume a guest that was stopped because the disk was full, once there is a quarter more than the reserve.
        Called every few seconds."""
        record = self.record
        if record is None or record.reason != NO_ROOM or not self.lock.acquire(blocking=False):
            return
        try:
            if durable.spare(self.around.folder.volumes) <= durable.RESERVE // 4:
                return
            if self._here().desired is Desired.RUNNING and process.alive(self.place):
                with self.talk(STATE_WITHIN) as qemu:
                    if qemu.ask("query-status")["status"] in ("io-error", "paused"):
                        qemu.ask("cont")
                log.say(ROOM, "a guest was resumed because the disk has space again", server_id=self.server_id)
            self._save(self._here(), reason="")
        finally:
            self.lock.release()

    # Questions.

    def console_log(self, lines: int | None) -> str:
        self._here()
        return console.last_lines(console.tail(self.place.console), lines)

    def screen(self) -> str:
        state = self.state()
        if state not in ALIVE:
            raise HypervisorError(f"guest {self.server_id} is {state}: it shows no screen")
        return str(self.place.screen)

    # Going down and coming up with the whole cloud.

    def rest(self) -> bool:
        """Stop the guest because the cloud goes down: save a paused one, ask a running one to shut down. True: it has
        no process."""
        with self._turn():
            if self.record is None or process.alive(self.place) is None:
                return True
            state = self._state()
            if state not in ALIVE:
                return process.alive(self.place) is None
            self._save(self.record, resting=True)
            if state is GuestState.PAUSED:
                memory.save(self.talk, self.place.memory_draft, self.place.memory, goes_on=False)
                self._end(self._fence(), keep_memory=True)
                return True
            with self.talk() as qemu:
                qemu.ask("system_powerdown")
            return False

    def end_with_cloud(self) -> None:
        """End the guest because the cloud goes down. The memory of a paused guest is saved to a file."""
        with self._turn():
            self._end(self._fence(), keep_memory=True)

    def wake(self) -> None:
        """Bring the guest to its desired state after the cloud came up. HypervisorError: it stays off, with a
        reason."""
        with self._turn():
            record = self.record
            if record is None:
                return
            self._publish(record)
            if process.alive(self.place) and self._state() in ALIVE:
                self._save(self._here(), resting=False)
                return
            if not record.asleep():
                return
            try:
                if record.desired is Desired.PAUSED:
                    if not self.place.memory.exists():
                        raise HypervisorError(MEMORY_LOST)
                    self._resume(record, Desired.PAUSED)
                else:
                    self._boot(record)
            except HypervisorError as error:
                self._save(record, resting=False, boot_id=boot_id(), reason=str(error))
                raise

    def end_copies(self) -> None:
        """Cancel copies of disks that a dead agent started. QEMU would continue them."""
        if self.record is None or process.alive(self.place) is None:
            return
        try:
            self.copies.end_left()
        except HypervisorError as error:
            log.say(ROOM, "a copy without a waiting order continues", server_id=self.server_id, reason=str(error))
