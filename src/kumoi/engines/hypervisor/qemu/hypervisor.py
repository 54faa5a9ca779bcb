"""All guests of this host as QEMU processes. QEMU reports the actual state; files contain the desired state."""

import shutil
from functools import partial
from threading import Lock

from kumoi.engines.hypervisor import console, passwords
from kumoi.engines.hypervisor.interface import (
    Disk,
    GuestMetadata,
    GuestSpec,
    GuestState,
    Host,
    HypervisorError,
    Nic,
)
from kumoi.engines.hypervisor.qemu import accelerator, process
from kumoi.engines.hypervisor.qemu.guest import Guest
from kumoi.engines.hypervisor.qemu.holder import QemuHolder
from kumoi.engines.hypervisor.qemu.machine import about_this_machine
from kumoi.engines.hypervisor.qemu.surroundings import ROOM, Surroundings
from kumoi.engines.hypervisor.uptime import uptime
from kumoi.engines.volumes.interface import Holder
from kumoi.engines.volumes.places import remove
from kumoi.kernel import clock, durable, log
from kumoi.kernel.fences import Busy, Fence

FASTEST = 2 << 30
"""Bytes a second: more than guests write."""
SOONEST, LATEST = 0.1, 5.0
"""Seconds between two looks at the free space of the disk."""


class QemuHypervisor:
    """Implements Hypervisor. Running guests are found again through their folders, so this object has no state to
    lose."""

    def __init__(self, surroundings: Surroundings) -> None:
        """HypervisorError if this host lacks something that guests need."""
        self.around = surroundings
        self.lock = Lock()
        self.guests: dict[str, Guest] = {}
        surroundings.make_folders()
        for folder in sorted(surroundings.folder.guests.iterdir()):
            guest = Guest(surroundings, folder.name)
            if guest.record is None and process.alive(guest.place) is None:
                # The agent crashed before the first record or during the destruction, so no request waits for this
                # guest.
                shutil.rmtree(folder, ignore_errors=True)
            else:
                self.guests[folder.name] = guest
        self._host: Host | None = None

    def start(self, fence: Fence, spec: GuestSpec) -> None:
        self._guest(spec.server_id).start(fence, spec)

    def ask_shutdown(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).ask_shutdown()

    def power_off(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).power_off(fence)

    def pause(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).pause()

    def unpause(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).unpause()

    def suspend(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).suspend(fence)

    def destroy(self, fence: Fence, server_id: str) -> None:
        self._guest(server_id).destroy(fence)
        with self.lock:
            self.guests.pop(server_id, None)

    def keep_root(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).keep_root()

    def restore_root(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).restore_root()

    def forget_root(self, fence: Fence, server_id: str) -> None:
        guest = self.guests.get(server_id)
        if guest is not None:
            guest.forget_root()

    def copy_root(self, fence: Fence, server_id: str, copy_id: str) -> str:
        return str(self._known(server_id).copy_root(copy_id))

    def remove_copy(self, fence: Fence, server_id: str, copy_id: str) -> None:
        guest = self.guests.get(server_id)
        if guest is not None:
            remove(guest.place.copy(copy_id))

    def inject_nmi(self, fence: Fence, server_id: str) -> None:
        self._known(server_id).inject_nmi()

    def attach_disk(self, fence: Fence, server_id: str, disk: Disk) -> str:
        return self._known(server_id).attach_disk(disk)

    def detach_disk(self, fence: Fence, server_id: str, volume_id: str) -> bool:
        guest = self.guests.get(server_id)
        return guest is None or guest.detach_disk(volume_id)

    def attach_nic(self, fence: Fence, server_id: str, nic: Nic) -> None:
        self._known(server_id).attach_nic(fence, nic)

    def detach_nic(self, fence: Fence, server_id: str, port_id: str) -> bool:
        guest = self.guests.get(server_id)
        return guest is None or guest.detach_nic(fence, port_id)

    def publish_metadata(self, fence: Fence, server_id: str, metadata: GuestMetadata) -> None:
        self._known(server_id).publish(metadata)

    def state(self, server_id: str) -> GuestState:
        guest = self.guests.get(server_id)
        return guest.state() if guest else GuestState.ABSENT

    def states(self) -> dict[str, GuestState]:
        found = {guest.server_id: guest.state() for guest in self._all()}
        return {server_id: state for server_id, state in found.items() if state is not GuestState.ABSENT}

    def reason(self, server_id: str) -> str:
        guest = self.guests.get(server_id)
        return guest.record.reason if guest and guest.record else ""

    def cards(self, server_id: str | None = None) -> dict[str, list[str]]:
        records = [guest.record for guest in self._all() if server_id in (None, guest.server_id)]
        return {record.spec.server_id: [nic.port_id for nic in record.spec.nics] for record in records if record}

    def disks(self) -> dict[str, list[str]]:
        records = [guest.record for guest in self._all()]
        return {record.spec.server_id: [disk.volume_id for disk in record.spec.disks] for record in records if record}

    def console_log(self, server_id: str, lines: int | None) -> str:
        return self._known(server_id).console_log(lines)

    def vnc_socket(self, server_id: str) -> str:
        return self._known(server_id).screen()

    def password(self, server_id: str) -> str:
        return passwords.read(self._known(server_id).place.folder).decode("utf-8", "replace")

    def clear_password(self, fence: Fence, server_id: str) -> None:
        passwords.clear(self._known(server_id).place.folder)

    def uptime(self) -> str:
        return uptime()

    def host(self) -> Host:
        if self._host is None:
            chosen = self.around.accelerator
            self._host = about_this_machine(
                self.around.settings.host_name, self.around.folder.data, chosen, accelerator.CPU[chosen]
            )
        return self._host

    # Methods for the volumes engine and the agent.

    def holder_of(self, volume_id: str) -> Holder | None:
        """The running guest that has the volume open, as the volumes engine speaks to it."""
        for guest in self._all():
            record = guest.record
            if record and volume_id in (disk.volume_id for disk in record.spec.disks):
                lent = partial(self.around.lent, uid=record.uid)
                return QemuHolder(guest.talk, guest.copies, volume_id, lent) if process.alive(guest.place) else None
        return None

    def bring_up(self) -> None:
        """Bring every guest to its state before the cloud or the machine went down. Guests that cannot start are FAILED
        and logged."""
        for guest in self._all():
            try:
                guest.wake()
                guest.end_copies()
            except Exception as error:
                expected = isinstance(error, HypervisorError)
                (log.say if expected else log.fault)(
                    ROOM, "a guest could not be started again", server_id=guest.server_id, reason=str(error)
                )

    def take_down(self, patience: float) -> list[str]:
        """Save paused guests, ask running ones to shut down, and end them after `patience` seconds; `bring_up` restores
        all of them. Returns the ids of those that did not shut down in time. Raises the last HypervisorError after all
        others are down."""
        failure: HypervisorError | None = None
        waiting: list[Guest] = []
        for guest in self._all():
            try:
                if not guest.rest():
                    waiting.append(guest)
            except HypervisorError as error:
                log.say(ROOM, "a guest does not go to rest", server_id=guest.server_id, reason=str(error))
                failure = error
        deadline = clock.monotonic() + patience
        while clock.monotonic() < deadline and any(process.alive(guest.place) for guest in waiting):
            for guest in waiting:
                guest.state()  # notices that it powered itself off
            clock.sleep(0.1)
        disobedient = [guest.server_id for guest in waiting if process.alive(guest.place)]
        for guest in waiting:
            try:
                guest.end_with_cloud()
            except HypervisorError as error:
                failure = error
        if failure:
            raise failure
        return disobedient

    def tend(self) -> None:
        """Truncate long console logs, detect devices that were released late, and resume guests that have disk space
        again. Called every few seconds."""
        for guest in self._all():
            console.cut(guest.place.console)
            try:
                guest.record_late_releases()
                guest.resume_with_space()
            except (HypervisorError, Busy) as error:
                log.say(ROOM, "a guest does not say what it has", server_id=guest.server_id, reason=str(error))

    def keep_room(self) -> float:
        """Stop the guests whose disks grow when only the reserve is free. Returns the seconds until the next call: the
        time in which a guest could use up the rest."""
        folder = self.around.folder
        rest = min(durable.spare(place) for place in (folder.guests, folder.volumes) if place.is_dir())
        for guest in self._all():
            try:
                if guest.grew() and rest <= 0:
                    guest.stand_still()
            except (HypervisorError, Busy, OSError) as error:
                log.say(ROOM, "a guest cannot be stopped", server_id=guest.server_id, reason=str(error))
        return min(max(rest / FASTEST, SOONEST), LATEST)

    def _all(self) -> list[Guest]:
        with self.lock:
            return list(self.guests.values())

    def _guest(self, server_id: str) -> Guest:
        with self.lock:
            if server_id not in self.guests:
                self.guests[server_id] = Guest(self.around, server_id)
            return self.guests[server_id]

    def _known(self, server_id: str) -> Guest:
        guest = self.guests.get(server_id)
        if guest is None:
            raise HypervisorError(f"guest {server_id} is not on this host")
        return guest
