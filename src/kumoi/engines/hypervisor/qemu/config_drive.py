"""Writes a guest's config drive: its metadata documents as an ISO image with the label that guests look for."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.kernel import accounts, durable, processes

LABEL = "config-2"


def write(documents: Mapping[str, bytes], image: Path) -> None:
    """Replace `image` durably by an ISO image of the documents (path → content), made by genisoimage."""
    draft = image.with_suffix(".new")
    folder = image.with_suffix(".tree")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for path, content in documents.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(content)
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
