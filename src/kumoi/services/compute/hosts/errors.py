"""The errors of hosts."""

from kumoi.kernel.errors import Conflict, NotFound


class HostNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"Compute host {name[:255]} could not be found.")


class HostHasServers(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"Unable to delete the compute service of host {name}: it has servers. Delete or move them first."
        )
