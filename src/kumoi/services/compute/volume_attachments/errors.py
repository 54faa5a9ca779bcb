"""The errors of volume attachments."""

from kumoi.kernel.errors import BadRequest, Forbidden, NotFound


class NotAttached(NotFound):
    def __init__(self, server_id: str, volume_id: str) -> None:
        super().__init__(f"Instance {server_id} is not attached to volume {volume_id}")


class AlreadyAttached(BadRequest):
    def __init__(self, server_id: str, volume_id: str) -> None:
        super().__init__(f"Invalid volume: volume {volume_id} is already attached to instance {server_id}")


class RootVolume(Forbidden):
    def __init__(self) -> None:
        super().__init__("Cannot detach a root device volume")
