"""A uid of its own for each guest, so that the kernel keeps guests apart even where QEMU is broken."""

from collections.abc import Iterable, Mapping
from threading import Lock

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.kernel.settings import Settings

FIRST, SLOTS, IN_SLOT = 1_879_048_192, 4096, 65_536
"""Of the uids from FIRST on, which systemd and Debian leave unused, each cloud takes one slot, chosen by its id."""


def uids_of(settings: Settings) -> range:
    """The uids of the cloud's guests."""
    if settings.guest_uids:
        first, last = (int(part) for part in settings.guest_uids.split("-"))
        return range(first, last + 1)
    first = FIRST + int(settings.cloud_id or "0", 16) % SLOTS * IN_SLOT
    return range(first, first + IN_SLOT)


class GuestUsers:
    """Which guest has which uid. The guests' records and files are the durable form: a uid is in use while a record or
    the owner of a file names it. Uids are given in turn, so that a free one stays unused for as long as possible."""

    def __init__(self, uids: range, held: Mapping[str, int], owners: Iterable[int] = ()) -> None:
        """`held`: server id → uid by the records. `owners`: of all files that guests may have."""
        self.uids = uids
        self.held = dict(held)
        self.strays = {uid for uid in owners if uid in uids} - set(self.held.values())
        self.lock = Lock()
        self.last = max((uid for uid in (*self.held.values(), *self.strays) if uid in uids), default=uids.start - 1)

    def of(self, server_id: str) -> int:
        """The guest's uid, a new one if it has none in the cloud's range; HypervisorError when none is free."""
        with self.lock:
            if self.held.get(server_id, -1) in self.uids:
                return self.held[server_id]
            taken = {*self.held.values(), *self.strays}
            start = self.last + 1 - self.uids.start
            for offset in range(len(self.uids)):
                uid = self.uids[(start + offset) % len(self.uids)]
                if uid not in taken:
                    self.held[server_id] = self.last = uid
                    return uid
        raise HypervisorError(f"all {len(self.uids)} uids of guests (setting guest_uids) are in use on this host")

    def release(self, server_id: str) -> None:
        """When the guest and its files are gone."""
        with self.lock:
            self.held.pop(server_id, None)
