"""The process of one guest and its desired state: starting, ending, and the current state."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, RLock

import msgspec

from kumoi.engines.hypervisor.interface import (
    GuestMetadata,
    GuestSpec,
    GuestState,
    HypervisorError,
    Nic,
    RootDisk,
)
from kumoi.engines.hypervisor.qemu import accelerator, config_drive, hot_plug, memory, process
from kumoi.engines.hypervisor.qemu.hardware import RESCUE, ROOT, Hardware, boot_order, lay_out, tagged
from kumoi.engines.hypervisor.qemu.holder import Copies
from kumoi.engines.hypervisor.qemu.monitor import PATIENCE, Monitor, Silent
from kumoi.engines.hypervisor.qemu.record import Desired, Place, Record, boot_id
from kumoi.engines.hypervisor.qemu.surroundings import ROOM, Surroundings
from kumoi.engines.volumes.places import remove
from kumoi.kernel import accounts, durable, log
from kumoi.kernel.fences import Busy, Fence

TURN_WITHIN = 40.0
"""Seconds that an order waits while the host itself works on the guest."""

STATE_WITHIN = 3.0
"""Seconds within which a guest's QEMU must report its state. A QEMU that hangs must not delay the others."""

ALIVE = (GuestState.RUNNING, GuestState.PAUSED)

_OF_STATUS = {
    "shutdown": GuestState.OFF,
    "running": GuestState.RUNNING,
    "guest-panicked": GuestState.RUNNING,
    "internal-error": GuestState.FAILED,
}


NO_ROOM = "the disk of its host is full, so it is stopped; it resumes automatically when there is space"


class Power:
    """The record in the guest's folder is read once and written through. Methods that start with `_` need the guest's
    lock."""

    def __init__(self, surroundings: Surroundings, server_id: str) -> None:
        self.around = surroundings
        self.server_id = server_id
        self.place = Place(surroundings.folder, server_id)
        self.record = self.place.load()
        self.lock = RLock()
        self.talking = Lock()
        self.copies = Copies(self.talk)
        self.occupied: int | None = None
        """Blocks of its disks when the free space was last checked."""

    def state(self) -> GuestState:
        """The current state; while an order is active, the state that it aims at."""
        record = self.record
        if record is None:
            return GuestState.ABSENT
        if not self.lock.acquire(blocking=False):
            return GuestState(record.desired)
        try:
            return self._state()
        finally:
            self.lock.release()

    @contextmanager
    def talk(self, within: float = PATIENCE) -> Iterator[Monitor]:
        """A session with its QEMU, which accepts one at a time. `within`: seconds for each answer."""
        if not self.talking.acquire(timeout=TURN_WITHIN):
            raise Busy(f"guest {self.server_id}: QEMU is busy with an earlier question")
        try:
            with Monitor(self.place.monitor, within) as qemu:
                yield qemu
        finally:
            self.talking.release()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.lock.acquire(timeout=TURN_WITHIN):
            raise Busy(f"guest {self.server_id}: the host is still busy with it")
        try:
            yield
        finally:
            self.lock.release()

    def _here(self) -> Record:
        if self.record is None:
            raise HypervisorError(f"guest {self.server_id} is not on this host")
        return self.record

    def _fence(self) -> Fence:
        return Fence(f"server/{self.server_id}", self.record.generation if self.record else 0)

    def _save(self, record: Record, **changes: object) -> None:
        changed = msgspec.structs.replace(record, **changes)
        if changed != self.record:
            self.place.save(changed)
            self.record = changed

    def _state(self, record: Record | None = None) -> GuestState:
        record = record or self.record
        if record is None:
            return GuestState.ABSENT
        if process.alive(self.place) is None:
            waits = record.desired in (Desired.OFF, Desired.SUSPENDED) or record.asleep()
            return GuestState(record.desired) if waits else GuestState.FAILED
        try:
            with self.talk(STATE_WITHIN) as qemu:
                status = qemu.ask("query-status")["status"]
        except Silent:
            # QEMU may just have ended. Otherwise it is busy, and the desired state is the best answer.
            return GuestState(record.desired) if process.alive(self.place) else self._state(record)
        if status == "io-error" and record.desired is Desired.RUNNING and record.reason != NO_ROOM:
            # QEMU stops a guest for this alone: a write for which the disk has no room
            self._save(record, reason=NO_ROOM)
            log.say(ROOM, "a guest is stopped because the disk is full", server_id=self.server_id)
        state = _OF_STATUS.get(status, GuestState.PAUSED)
        if state is GuestState.OFF:
            self._went_off(record)
        return state

    def _went_off(self, record: Record) -> None:
        """The guest shut itself down. QEMU waits until the agent notices."""
        if not record.resting:
            self._save(record, desired=Desired.OFF, reason="the guest powered itself off")
        process.end(self.place)
        self.around.try_to_unplug(self._fence(), [nic.port_id for nic in record.spec.nics])

    def _must_be_up(self, what: str) -> None:
        state = self._state(self._here())
        if state not in ALIVE:
            raise HypervisorError(f"guest {self.server_id} is {state}: cannot {what}")
        if process.alive(self.place) is None:
            raise Busy(f"guest {self.server_id} is still coming up")

    def _must_be_off(self, what: str) -> None:
        state = self._state(self._here())
        if state is not GuestState.OFF or process.alive(self.place):
            raise HypervisorError(f"guest {self.server_id} is {state}: cannot {what}")

    def _changeable(self) -> Record:
        record = self._here()
        state = self._state(record)
        if state is GuestState.SUSPENDED:
            raise HypervisorError(f"guest {self.server_id} is suspended: resume it before changing its devices")
        if record.asleep() and process.alive(self.place) is None:
            raise Busy(f"guest {self.server_id} is still coming up")
        return self._here()

    def _lay_out(self, spec: GuestSpec) -> Hardware:
        chosen = self.around.accelerator
        return lay_out(spec, chosen, accelerator.CPU[chosen])

    def _boot(self, record: Record) -> None:
        spec = record.spec
        process.end(self.place)
        machine = self._lay_out(spec)
        self._prepare(spec, machine)
        record = msgspec.structs.replace(
            record, desired=Desired.RUNNING, hardware=machine, boot_id=boot_id(), resting=False, reason="", leaving=[]
        )
        self._save(record)
        try:
            self._launch(record, machine, None)
        except HypervisorError as error:
            self._give_up(Desired.OFF, str(error))
            raise
        self._publish(record)

    def _resume(self, record: Record, desired: Desired) -> None:
        machine = record.hardware
        if machine is None or not self.place.memory.exists():
            raise HypervisorError(f"guest {self.server_id} has no saved memory")
        try:
            with self.place.memory.open("rb") as saved:
                self._launch(record, machine, saved.fileno())
            self._go_on(desired)
        except HypervisorError as error:
            self._give_up(record.desired, str(error))
            raise
        self._publish(record)

    def _go_on(self, desired: Desired) -> None:
        """QEMU has the memory, or is reading it: go on from there."""
        memory.wait_until_restored(self.talk)
        if desired is Desired.RUNNING:
            with self.talk() as qemu:
                qemu.ask("cont")
        self._save(self._here(), desired=desired, boot_id=boot_id(), resting=False, reason="")
        self._forget_memory()

    def _publish(self, record: Record) -> None:
        """Publish the guest's metadata, including its devices."""
        machine = record.hardware or self._lay_out(record.spec)
        self.around.published(self.server_id, self._read_by_guest(record.spec, machine))

    @staticmethod
    def _read_by_guest(spec: GuestSpec, machine: Hardware) -> GuestMetadata:
        return msgspec.structs.replace(spec.metadata, devices=tagged(spec, machine))

    def _prepare(self, spec: GuestSpec, machine: Hardware) -> None:
        self.around.make_folders()
        durable.make_folder(self.place.folder)
        accounts.give(self.place.folder, 0o711)
        if spec.root:
            self.around.make_root_disk(spec.root, self.place.disk)
        if spec.rescue:
            self.around.make_root_disk(RootDisk(spec.rescue.image_id, 0), self.place.rescue_disk)
        else:
            remove(self.place.rescue_disk)
        if spec.config_drive:
            documents = self.around.render(self._read_by_guest(spec, machine))
            config_drive.write(documents, self.place.config_drive, self.around.settings.config_drive_format)
            self.around.hand_over(self.place.config_drive, None)
        self._forget_memory()

    def _launch(self, record: Record, machine: Hardware, saved: int | None) -> None:
        spec = record.spec
        uid = self.around.uid_for(self.server_id)
        # Save the uid before the first file belongs to it, so that a restarted agent does not give the uid to another
        # guest.
        self._save(self._here(), uid=uid)
        disks = {RESCUE: self.place.rescue_disk} if spec.rescue else {}
        disks |= {ROOT: self.place.disk} if spec.root else {}
        disks |= {disk.volume_id: self.around.disk_path(disk) for disk in boot_order(spec)}
        self.around.make_folders()
        for path in (self.place.console, self.place.pid):
            self.around.hand_over(path, uid, make=True)
        for path in (*disks.values(), *([self.place.config_drive] if spec.config_drive else [])):
            self.around.hand_over(path, uid)
        self.around.make_socket_folders(self.place, uid)
        with self.around.cards(self._fence(), spec.nics) as cards:
            arguments = process.argv(self.place, spec, machine, disks, cards, saved)
            keep = [descriptor for descriptor in (*cards.values(), saved) if descriptor is not None]
            process.launch(self.place, self._confined(uid, spec, machine, arguments), keep)
        known = accounts.numbers(accounts.CONTROL) is not None
        accounts.give(self.place.monitor, 0o600)
        accounts.give(self.place.screen, 0o660, group=accounts.CONTROL if known else None)

    def _confined(self, uid: int | None, spec: GuestSpec, machine: Hardware, arguments: list[str]) -> list[str]:
        """The arguments of the launcher that becomes QEMU; without a uid, QEMU's own."""
        if uid is None:
            return arguments
        group = self.around.control_groups.limit(self.server_id, spec.vcpus, spec.memory_mib, machine.accelerator)
        elsewhere = self.around.settings.disks_of_objects.values()
        return process.confined(self.around.folder, self.place, uid, self.around.owner.gid, group, arguments, elsewhere)

    def _give_up(self, desired: Desired, reason: str) -> None:
        log.say(ROOM, "a guest does not start", server_id=self.server_id, reason=reason)
        process.end(self.place)
        self.around.try_to_unplug(self._fence(), [nic.port_id for nic in self._here().spec.nics])
        self._save(self._here(), desired=desired, reason=reason)

    def _end(self, fence: Fence, keep_memory: bool = False) -> None:
        process.end(self.place)
        if not keep_memory:
            self._forget_memory()
        self._unplug(fence)
        self._forget_process()

    def _forget_process(self) -> None:
        """When it has ended."""
        self.around.remove_sockets(self.place)
        self.around.control_groups.forget(self.server_id)

    def _unplug(self, fence: Fence) -> None:
        if self.record:
            self.around.unplug(fence, [nic.port_id for nic in self.record.spec.nics])

    def _plug_nic(self, fence: Fence, machine: Hardware, nic: Nic) -> None:
        with self.talk() as qemu:
            if hot_plug.has_nic(qemu, nic.port_id):
                return  # Its tap is open already, and opens only once.
        with self.around.cards(fence, [nic]) as cards, self.talk() as qemu:
            hot_plug.plug_nic(qemu, machine, nic, cards[nic.port_id])

    def _forget_memory(self) -> None:
        for path in (self.place.memory, self.place.memory_draft):
            path.unlink(missing_ok=True)
