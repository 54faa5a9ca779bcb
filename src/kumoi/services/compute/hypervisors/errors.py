"""The errors of hypervisors."""

from kumoi.kernel.errors import NotFound


class HypervisorNotFound(NotFound):
    def __init__(self, hypervisor_id: str) -> None:
        super().__init__(f"Hypervisor with ID '{hypervisor_id[:255]}' could not be found.")


class NoHypervisorMatches(NotFound):
    def __init__(self, text: str) -> None:
        super().__init__(f"No hypervisor matching '{text[:255]}' could be found.")
