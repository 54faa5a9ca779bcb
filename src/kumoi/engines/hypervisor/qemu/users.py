"""A separate uid for each guest, so that the kernel isolates guests even if QEMU is compromised."""

from collections.abc import Iterable, Mapping
from threading import Lock

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.kernel.settings import Settings

FIRST, SLOTS, IN_SLOT = 1_879_048_192, 4096, 65_536
"""Each cloud takes one slot of the uids from FIRST on, chosen by its id. systemd and Debian do not use these uids."""


def uids_of(settings: Settings) -> range:
    """The uids of the cloud's guests."""
    if settings.guest_uids:
        first, last = (int(part) for part in settings.guest_uids.split("-"))
        return range(first, last + 1)
    first = FIRST + int(settings.cloud_id or "0", 16) % SLOTS * IN_SLOT
    return range(first, first + IN_SLOT)


class GuestUsers:
    """The uids of guests. Records and files of guests are the durable state: a uid is in use while a record or the
    owner of a file contains it. Uids are assigned in turn, so that a released one is not reused soon."""

    def __init__(self, uids: range, held: Mapping[str, int], owners: Iterable[int] = ()) -> None:
        """`held`: server id → uid in the records. `owners`: the owners of all files that guests may have."""
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
        """Called when the guest and its files are gone."""
        with self.lock:
            self.held.pop(server_id, None)
