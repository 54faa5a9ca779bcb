"""The disks of a new server: checks and sorts the request's block devices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kumoi.engines.hypervisor.interface import MOST_DISKS
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, NotFound
from kumoi.kernel.who import Who
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.servers.errors import InvalidBlockDevices, TooManyDisks
from kumoi.services.compute.servers.schemas.create import BlockDevice, LegacyBlockDevice
from kumoi.services.compute.servers.schemas.values import flag, whole
from kumoi.services.image import facade as images

GIB = 1 << 30
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROUTES = frozenset({
    ("image", "local"), ("image", "volume"), ("volume", "volume"), ("snapshot", "volume"), ("blank", "volume"),
})  # fmt: skip
"""(source, destination) that exist here."""


@dataclass(frozen=True)
class Device:
    source_type: str
    destination_type: str
    source_id: str | None
    size_gib: int
    """0: the source's, or the flavor's for a local root disk."""
    boot_index: int | None
    delete_on_termination: bool
    tag: str | None
    volume_type: str | None

    def row(self, new_id: str, server_id: str, position: int) -> dict[str, Any]:
        """As the table has it."""
        return {
            "id": new_id, "server_id": server_id, "source_type": self.source_type,
            "destination_type": self.destination_type, "source_id": self.source_id,
            "volume_id": self.source_id if self.source_type == "volume" else None, "attachment_id": None,
            "size_gib": self.size_gib, "volume_type": self.volume_type, "boot_index": self.boot_index,
            "device_name": device_name(position), "delete_on_termination": self.delete_on_termination,
            "tag": self.tag, "position": position,
        }  # fmt: skip


def device_name(position: int) -> str:
    return f"/dev/vd{LETTERS[position]}"


def free_position(taken: Sequence[int]) -> int:
    """The first place for another disk; TooManyDisks when every one is taken."""
    for position in range(1, MOST_DISKS):
        if position not in taken:
            return position
    raise TooManyDisks


def root(devices: Sequence[Device]) -> Device:
    return next(device for device in devices if device.boot_index == 0)


def resolve(
    tx: Transaction,
    who: Who,
    legacy: Sequence[LegacyBlockDevice] | None,
    mapping: Sequence[BlockDevice] | None,
    image: images.Image | None,
) -> list[Device]:
    """The disks, the root disk first. InvalidBlockDevices or BadRequest names the invalid field."""
    if legacy and mapping:
        raise BadRequest("Using different block_device_mapping syntaxes is not allowed in the same request.")
    if legacy:
        devices = [_of_legacy(tx, who, item, index, image) for index, item in enumerate(legacy)]
    else:
        devices = [
            _of(tx, who, item, index, image) for index, item in enumerate(mapping or []) if item.no_device is None
        ]
    if image is not None and all(device.boot_index != 0 for device in devices):
        devices.insert(0, Device("image", "local", image.id, 0, 0, True, None, None))
    _check_order(devices, image)
    if len(devices) > MOST_DISKS:
        raise InvalidBlockDevices(f"a server has at most {MOST_DISKS} disks")
    volumes = [device.source_id for device in devices if device.source_type == "volume"]
    if len(set(volumes)) != len(volumes):
        raise InvalidBlockDevices("a volume is named twice")
    last = len(devices)
    return sorted(devices, key=lambda device: last if device.boot_index is None else device.boot_index)


def _check_order(devices: Sequence[Device], image: images.Image | None) -> None:
    order = sorted(device.boot_index for device in devices if device.boot_index is not None)
    if order != list(range(len(order))) or not order:
        raise InvalidBlockDevices(
            "Boot sequence for the instance and image/block device mapping combination is not valid."
        )
    for device in devices:
        if (device.source_type, device.destination_type) == ("image", "local"):
            if device.boot_index != 0:
                raise InvalidBlockDevices("Mapping image to local is not supported.")
            if image is None or device.source_id != image.id:
                raise InvalidBlockDevices("the image of the local root disk is not the one of imageRef")


def _of_legacy(tx: Transaction, who: Who, item: LegacyBlockDevice, index: int, image: images.Image | None) -> Device:
    boots = image is None and (index == 0 or str(item.device_name or "").endswith("vda"))
    source_type: Literal["volume", "snapshot", "blank"]
    source_type = "volume" if item.volume_id else "snapshot" if item.snapshot_id else "blank"
    modern = BlockDevice(
        source_type=source_type, destination_type="volume", uuid=item.volume_id or item.snapshot_id,
        volume_size=item.volume_size, delete_on_termination=item.delete_on_termination, boot_index=0 if boots else None,
    )  # fmt: skip
    return _of(tx, who, modern, index, image)


def _of(tx: Transaction, who: Who, item: BlockDevice, index: int, image: images.Image | None) -> Device:
    where = f"block_device_mapping_v2[{index}]"
    source_type = item.source_type or ("volume" if item.volume_id else "snapshot" if item.snapshot_id else None)
    if source_type is None:
        raise InvalidBlockDevices(f"{where}: source_type is missing")
    source_id = item.uuid or item.volume_id or item.snapshot_id or item.image_id
    if source_type != "blank" and not source_id:
        raise InvalidBlockDevices(f"{where}: uuid is missing")
    destination_type = item.destination_type or ("volume" if source_type in ("volume", "snapshot") else "local")
    if (source_type, destination_type) not in _ROUTES:
        if (source_type, destination_type) == ("blank", "local"):
            raise InvalidBlockDevices(f"{where}: ephemeral and swap disks are not supported here; use a blank volume")
        raise InvalidBlockDevices(f"Mapping {source_type} to {destination_type} is not supported.")
    size = whole(item.volume_size, f"{where}.volume_size", least=1) if item.volume_size not in (None, "") else 0
    boot_index = None
    if item.boot_index not in (None, ""):
        number = whole(item.boot_index, f"{where}.boot_index", least=-(2**31))
        boot_index = number if number >= 0 else None
    device = Device(
        source_type, destination_type, source_id if source_type != "blank" else None, size, boot_index,
        flag(item.delete_on_termination, f"{where}.delete_on_termination", destination_type == "local"), item.tag,
        item.volume_type,
    )  # fmt: skip
    _check_source(tx, who, device, image)
    return device


def _check_source(tx: Transaction, who: Who, device: Device, named: images.Image | None) -> None:
    """`named`: by imageRef. With an imageRef, Nova does not require that the root volume is bootable."""
    if device.destination_type == "local":
        return
    if device.source_type == "volume":
        try:
            volume = block_storage.usable(tx, who, device.source_id or "")
        except NotFound:
            raise InvalidBlockDevices(f"failed to get volume {device.source_id}.") from None
        if device.boot_index == 0 and named is None and not volume.bootable:
            raise BadRequest(f"Block Device {volume.id} is not bootable.")
    elif device.source_type == "image":
        image = startable(tx, who, device.source_id or "")
        if not device.size_gib:
            raise InvalidBlockDevices("Images with destination_type 'volume' need to have a non-zero size specified")
        needs = max(image.min_disk * GIB, image.virtual_size or image.size or 0)
        if device.size_gib * GIB < needs:
            raise BadRequest(
                f"Volume is smaller than the minimum size specified in image metadata. Volume size is"
                f" {device.size_gib * GIB} bytes, minimum size is {needs} bytes."
            )
    elif device.source_type == "snapshot":
        try:
            block_storage.usable_snapshot(tx, who, device.source_id or "")
        except NotFound:
            raise InvalidBlockDevices(f"failed to get snapshot {device.source_id}.") from None
    elif device.source_type == "blank" and not device.size_gib:
        raise InvalidBlockDevices("Blank volumes (source: 'blank', dest: 'volume') need to have non-zero size")


def startable(tx: Transaction, who: Who, image_id: str) -> images.Image:
    """The image, if the caller may see it and a disk can be created from it; otherwise BadRequest."""
    try:
        image = images.usable(tx, who, image_id)
    except NotFound:
        raise BadRequest("Can not find requested image") from None
    if image.status != "active":
        raise BadRequest(f"Image {image.id} is not active.")
    if not image.holds_a_disk:
        raise BadRequest(f"Image {image.id} holds no disk: its container_format is {image.container_format}.")
    return image
