"""Block storage's error shape: `{"badRequest": {"code": 400, "message": …}}`; and the errors of absent features."""

from typing import Any

from kumoi.kernel.errors import ApiError, BadRequest, Conflict, NotBuilt, NotFound, fault

ROOT = "/volume"
"""Paths below it use this error shape, also for errors of the front."""


def render(error: ApiError) -> dict[str, Any]:
    return fault(error, retryAfter="0") if error.status in (413, 429) else fault(error)


class VolumeNotFound(NotFound):
    def __init__(self, volume_id: str) -> None:
        super().__init__(f"Volume {volume_id[:255]} could not be found.")


class SnapshotNotFound(NotFound):
    def __init__(self, snapshot_id: str) -> None:
        super().__init__(f"Snapshot {snapshot_id[:255]} could not be found.")


class AttachmentNotFound(NotFound):
    def __init__(self, attachment_id: str) -> None:
        super().__init__(f"Volume attachment could not be found with filter: attachment_id = {attachment_id[:255]}.")


class VolumeTypeNotFound(NotFound):
    def __init__(self, named: str) -> None:
        super().__init__(f"Volume type {named[:255]} could not be found.")


class BackupNotFound(NotFound):
    def __init__(self, backup_id: str) -> None:
        super().__init__(f"Backup {backup_id[:255]} could not be found.")


class TransferNotFound(NotFound):
    def __init__(self, transfer_id: str) -> None:
        super().__init__(f"Transfer {transfer_id[:255]} could not be found.")


class QosSpecsNotFound(NotFound):
    def __init__(self, qos_specs_id: str) -> None:
        super().__init__(f"No such QoS spec {qos_specs_id[:255]}.")


class GroupTypeNotFound(NotFound):
    def __init__(self, named: str) -> None:
        super().__init__(f"Group type {named[:255]} could not be found.")


class GroupNotFound(NotFound):
    def __init__(self, group_id: str) -> None:
        super().__init__(f"Group {group_id[:255]} could not be found.")


class GroupSnapshotNotFound(NotFound):
    def __init__(self, group_snapshot_id: str) -> None:
        super().__init__(f"GroupSnapshot {group_snapshot_id[:255]} could not be found.")


class InvalidGroup(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid group: {reason}")


class InvalidGroupSnapshot(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid GroupSnapshot: {reason}")


class InvalidBackup(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid backup: {reason}")


class InvalidQosSpecs(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid qos specs: {reason}")


class InvalidAuthKey(BadRequest):
    def __init__(self) -> None:
        super().__init__("Invalid auth key: the attempt to transfer the volume has another one.")


class InvalidVolume(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid volume: {reason}")


class InvalidSnapshot(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid snapshot: {reason}")


class InvalidInput(BadRequest):
    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid input received: {reason}")


class Absent(NotBuilt):
    """The block storage API has it, Kumoi does not; docs/block_storage.md lists it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not available in this cloud.")


class PreconditionFailed(ApiError):
    """The condition of If-Match does not hold."""

    status = 412
    title = "Precondition Failed"


class UsedByServer(Conflict):
    def __init__(self, server_id: str | None) -> None:
        super().__init__(f"Detach volume from instance {server_id} using the Compute API")
