"""The errors of hosts."""

from kumoi.kernel.errors import NotFound


class HostNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"Compute host {name[:255]} could not be found.")
