"""Stops guests when the whole cloud goes down, and starts them when it comes up."""

import msgspec

from kumoi.engines.hypervisor.qemu.record import Place
from kumoi.host.engines import make_qemu, make_wiring
from kumoi.kernel.settings import Folder, Settings

PATIENCE = 30.0
"""Seconds that running guests get to shut down by themselves."""


def shut_down(folder: Folder, settings: Settings, patience: float = PATIENCE) -> list[str]:
    """For `kumoi down`, after the agent has ended and before Open vSwitch does: leave no guest's process and no plug.

    The memory of paused guests is saved to a file. Running guests are asked to shut down, and ended after `patience`
    seconds. The next agent starts all of them again. Returns the ids of the servers that did not shut down in time.
    HypervisorError: some guest could not be ended, or its memory not be saved; the others are down.
    """
    if settings.hypervisor == "fake" or not folder.guests.is_dir():
        return []
    return make_qemu(folder, settings, make_wiring(folder, settings)).take_down(patience)


def carry_over(folder: Folder) -> None:
    """For `kumoi restore`: mark guests that ran when the backup was made, so that the next agent starts them."""
    for guest in folder.guests.glob("*/guest.json"):
        place = Place(folder, guest.parent.name)
        if record := place.load():
            place.save(msgspec.structs.replace(record, boot_id=""))
        place.pid.unlink(missing_ok=True)
