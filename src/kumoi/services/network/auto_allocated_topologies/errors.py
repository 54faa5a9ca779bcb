"""The errors of allocated topologies."""

from kumoi.kernel.errors import BadRequest, Conflict, NotFound


class AutoAllocationFailure(Conflict):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Deployment error: {reason}.")


class AutoAllocationRefused(BadRequest):
    """What a dry run answers."""

    kind = "BadRequest"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Unable to provide resource: {reason}.")


class AutoAllocatedTopologyNotFound(NotFound):
    def __init__(self, project_id: str) -> None:
        super().__init__(f"No auto-allocated topology could be found for project {project_id}.")
