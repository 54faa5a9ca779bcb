"""Writes a guest's config drive: its metadata documents as an ISO image, or as a disk with a FAT file system, with the label
that guests look for."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.kernel import accounts, durable, processes

LABEL = "config-2"


LEAST_OF_FAT = 64 << 20
"""Bytes, as in Nova. The file is sparse."""
_WHERE, _MAGIC = 0x8001, b"CD001"
"""Where an ISO image says what it is."""


def write(documents: Mapping[str, bytes], image: Path, kind: str = "iso9660") -> None:
    """Replace `image` durably by an image of the documents (path → content). `kind`: `iso9660`, made by genisoimage, or
    `vfat`, made by mkfs.vfat and mcopy."""
    draft = image.with_suffix(".new")
    folder = image.with_suffix(".tree")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for path, content in documents.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(content)
        if kind == "vfat":
            _write_fat(folder, draft, sum(len(content) + 8192 for content in documents.values()))
        else:
            processes.run(["genisoimage", "-quiet", "-J", "-r", "-V", LABEL, "-o", str(draft), str(folder)], within=30)
        accounts.give(draft, 0o600)
        durable.sync_file(draft)
        draft.rename(image)
        durable.sync_folder(image.parent)
    except processes.CommandFailed as error:
        raise HypervisorError(f"the config drive could not be made: {error.detail}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        draft.unlink(missing_ok=True)


def device(image: Path) -> str:
    """The device by which a guest reads it: a CD, or a disk."""
    try:
        with image.open("rb") as opened:
            opened.seek(_WHERE)
            return "scsi-cd" if opened.read(len(_MAGIC)) == _MAGIC else "scsi-hd"
    except FileNotFoundError:
        return "scsi-cd"


def _write_fat(folder: Path, draft: Path, needed: int) -> None:
    draft.unlink(missing_ok=True)
    kib = max(LEAST_OF_FAT, 2 * needed) // 1024
    processes.run(["mkfs.vfat", "-n", LABEL, "-C", str(draft), str(kib)], within=30)
    parts = [str(part) for part in sorted(folder.iterdir())]
    processes.run(["mcopy", "-s", "-Q", "-i", str(draft), *parts, "::"], within=30)
