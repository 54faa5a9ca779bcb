"""The errors of servers."""

from kumoi.engines.hypervisor.interface import MOST_CARDS, MOST_DISKS
from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound


class ServerNotFound(NotFound):
    def __init__(self, server_id: str) -> None:
        super().__init__(f"Instance {server_id} could not be found.")


class WrongState(Conflict):
    """The server is in a state that the action does not start from."""

    def __init__(self, server_id: str, action: str, attribute: str, state: str | None) -> None:
        super().__init__(f"Cannot '{action}' instance {server_id} while it is in {attribute} {state}")


class ResizeWaits(Conflict):
    """The server's resize is neither confirmed nor reverted."""

    def __init__(self, server_id: str, action: str) -> None:
        super().__init__(
            f"Cannot '{action}' instance {server_id} while its resize waits to be confirmed or reverted. If it is not in"
            " VERIFY_RESIZE, a hard reboot brings it back there."
        )


class Locked(Conflict):
    def __init__(self, server_id: str) -> None:
        super().__init__(f"Instance {server_id} is locked")


class NotReady(Conflict):
    """The guest is not on a host yet, or no longer."""

    def __init__(self, server_id: str) -> None:
        super().__init__(f"Instance {server_id} is not ready")


class TooManyDisks(Forbidden):
    def __init__(self) -> None:
        super().__init__(f"The instance would have more than {MOST_DISKS} disks, which is the most that one can have.")


class TooManyCards(Forbidden):
    def __init__(self) -> None:
        super().__init__(
            f"The instance would have more than {MOST_CARDS} network cards, which is the most that one can have."
        )


class InvalidBlockDevices(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Block Device Mapping is Invalid: {reason}")
