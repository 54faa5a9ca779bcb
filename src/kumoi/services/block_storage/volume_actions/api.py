"""Routes of actions on volumes."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import since
from kumoi.services.block_storage import listing
from kumoi.services.block_storage.attachments import logic as attachments
from kumoi.services.block_storage.errors import Absent
from kumoi.services.block_storage.volume_actions import logic, schemas
from kumoi.services.block_storage.volumes.logic import changes
from kumoi.services.block_storage.volumes.models import VolumeRow

routes = Routes()
PATH = "/volumes/{volume_id}/action"


def _volume(request: Request, volume_id: str) -> VolumeRow:
    return changes.own(request.tx, request.who, volume_id)


@routes.action(
    PATH, "os-extend", policy=policy.member(), body=schemas.Extend, quota=("gigabytes", "per_volume_gigabytes"),
    errors=(409,),
)  # fmt: skip
def extend(request: Request, volume_id: str, body: schemas.Extend) -> Reply:
    online = request.behaves("volumes in use may grow")
    row = _volume(request, volume_id)
    changes.extend(request.tx, row, int(body.new_size), request.origin(), online=online)
    return Reply()


@routes.action(PATH, "revert", policy=policy.member(), body=schemas.Revert, versions=since("3.40"), errors=(409,))
def revert(request: Request, volume_id: str, body: schemas.Revert) -> Reply:
    changes.revert(request.tx, _volume(request, volume_id), body.snapshot_id, request.origin())
    return Reply()


@routes.action(PATH, "os-set_bootable", policy=policy.member(), body=schemas.Bootable, status=200)
def set_bootable(request: Request, volume_id: str, body: schemas.Bootable) -> Reply:
    row = _volume(request, volume_id)
    logic.set_bootable(request.tx, row, listing.truth(str(body.bootable), "bootable", False))
    return Reply()


@routes.action(PATH, "os-update_readonly_flag", policy=policy.member(), body=schemas.Readonly)
def update_readonly_flag(request: Request, volume_id: str, body: schemas.Readonly) -> Reply:
    row = _volume(request, volume_id)
    logic.set_readonly(request.tx, row, listing.truth(str(body.readonly), "readonly", False))
    return Reply()


@routes.action(
    PATH, "os-set_image_metadata", policy=policy.member(), body=schemas.ImageMetadata, status=200,
    reply=schemas.ImageMetadataReply,
)  # fmt: skip
def set_image_metadata(request: Request, volume_id: str, body: schemas.ImageMetadata) -> schemas.ImageMetadataReply:
    row = _volume(request, volume_id)
    return schemas.ImageMetadataReply(changes.set_image_metadata(request.tx, row, body.metadata))


@routes.action(PATH, "os-unset_image_metadata", policy=policy.member(), body=schemas.UnsetImageMetadata, status=200)
def unset_image_metadata(request: Request, volume_id: str, body: schemas.UnsetImageMetadata) -> Reply:
    changes.unset_image_metadata(request.tx, _volume(request, volume_id), body.key)
    return Reply()


@routes.action(
    PATH, "os-show_image_metadata", policy=policy.reader(), mode="read", status=200, reply=schemas.ImageMetadataReply
)
def show_image_metadata(request: Request, volume_id: str) -> schemas.ImageMetadataReply:
    return schemas.ImageMetadataReply(dict(changes.visible(request.tx, request.who, volume_id)["image_metadata"]))


@routes.action(PATH, "os-reset_status", policy=policy.admin(), body=schemas.Status, errors=(409,))
def reset_status(request: Request, volume_id: str, body: schemas.Status) -> Reply:
    row = _volume(request, volume_id)
    changes.reset_status(request.tx, row, body.status, body.attach_status, body.migration_status)
    return Reply()


@routes.action(PATH, "os-force_delete", policy=policy.admin())
def force_delete(request: Request, volume_id: str) -> Reply:
    changes.delete(request.tx, _volume(request, volume_id), request.origin(), force=True)
    return Reply()


@routes.action(
    PATH, "os-volume_upload_image", policy=policy.member(), body=schemas.Upload, reply=schemas.UploadReply,
    quota=("image_count_total", "image_count_uploading"), errors=(409, 413),
)  # fmt: skip
def upload_image(request: Request, volume_id: str, body: schemas.Upload) -> schemas.UploadReply:
    volume = _volume(request, volume_id)
    force = listing.truth(None if body.force is None else str(body.force), "force", False)
    values = {"visibility": body.visibility or "shared", "protected": listing.truth(
        None if body.protected is None else str(body.protected), "protected", False
    )}  # fmt: skip
    asked = logic.ImageWanted(body.image_name, body.disk_format or "raw", body.container_format or "bare", values)
    image, volume_type = logic.upload(request.tx, request.who, volume, asked, request.origin(), force=force)
    return schemas.UploadReply(schemas.uploaded(volume, volume_type, image))


@routes.action(PATH, "os-retype", policy=policy.member(), body=schemas.Retype, errors=(501,))
def retype(request: Request, volume_id: str, body: schemas.Retype) -> Reply:
    logic.retype(request.tx, request.who, _volume(request, volume_id), body.new_type)
    return Reply()


@routes.action(PATH, "os-reimage", policy=policy.member(), body=schemas.Reimage, versions=since("3.68"), errors=(409,))
def reimage(request: Request, volume_id: str, body: schemas.Reimage) -> Reply:
    row = _volume(request, volume_id)
    logic.reimage(request.tx, request.who, row, body.image_id, request.origin())
    return Reply()


@routes.action(PATH, "os-reserve", policy=policy.member())
def reserve(request: Request, volume_id: str) -> Reply:
    logic.reserve(request.tx, _volume(request, volume_id))
    return Reply()


@routes.action(PATH, "os-unreserve", policy=policy.member(), errors=(409,))
def unreserve(request: Request, volume_id: str) -> Reply:
    logic.unreserve(request.tx, _volume(request, volume_id))
    return Reply()


@routes.action(PATH, "os-attach", policy=policy.member(), body=schemas.Attach, errors=(409,))
def attach(request: Request, volume_id: str, body: schemas.Attach) -> Reply:
    row = _volume(request, volume_id)
    attachments.attach(request.tx, row, body.instance_uuid, body.host_name, body.mountpoint, body.mode)
    return Reply()


@routes.action(PATH, "os-begin_detaching", policy=policy.member(), errors=(409,))
def begin_detaching(request: Request, volume_id: str) -> Reply:
    attachments.begin_detaching(request.tx, _volume(request, volume_id))
    return Reply()


@routes.action(PATH, "os-roll_detaching", policy=policy.member(), errors=(409,))
def roll_detaching(request: Request, volume_id: str) -> Reply:
    attachments.roll_detaching(request.tx, _volume(request, volume_id))
    return Reply()


@routes.action(PATH, "os-detach", policy=policy.member(), body=schemas.Detach | None, errors=(409,))
def detach(request: Request, volume_id: str, body: schemas.Detach | None) -> Reply:
    logic.detach(request.tx, _volume(request, volume_id), body.attachment_id if body else None)
    return Reply()


@routes.action(PATH, "os-force_detach", policy=policy.admin(), body=schemas.Detach | None, errors=(409,))
def force_detach(request: Request, volume_id: str, body: schemas.Detach | None) -> Reply:
    logic.force_detach(request.tx, _volume(request, volume_id), body.attachment_id if body else None)
    return Reply()


ABSENT = {
    "os-initialize_connection": "A connection from outside: disks are on the hosts, and only compute connects them; it",
    "os-terminate_connection": "A connection from outside: disks are on the hosts, and only compute connects them; it",
    "os-migrate_volume": "Moving a volume to another host",
    "os-migrate_volume_completion": "Moving a volume to another host",
    "os-unmanage": "Giving up a volume and keeping its disk",
    "os-extend_volume_completion": "A driver that compute must tell when it has grown a disk",
}


def _declare_absent(name: str, what: str) -> None:
    @routes.action(PATH, name, policy=policy.member(), status=501, mode="read", errors=(501,))
    def absent(request: Request, volume_id: str) -> Reply:
        _volume(request, volume_id)
        raise Absent(what)


for _name, _what in ABSENT.items():
    _declare_absent(_name, _what)
