"""The object store that the settings ask for."""

from pathlib import Path

from kumoi.engines.objects.disk import DiskObjects
from kumoi.engines.objects.interface import ObjectStore
from kumoi.engines.objects.layout import parse
from kumoi.kernel.settings import Settings


def opened(folder: Path, settings: Settings) -> ObjectStore:
    layout = parse(settings.object_disks, settings.object_policies, settings.object_scrub_days)
    if not layout.disks:
        return DiskObjects(folder)
    # Loaded when it is used, because most clouds have one disk.
    from kumoi.engines.objects.many import ManyDisks

    return ManyDisks(folder, layout)
