"""The image quotas of a new cloud, from the settings, for projects without limits of their own; its metadata
definitions."""

from pathlib import Path

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.settings import Settings
from kumoi.services.image.metadefs import logic as metadefs

ORDER = 50


def bootstrap(tx: Transaction, settings: Settings, password_hashes: object) -> None:
    wanted = {
        "image_count_total": settings.image_count_total,
        "image_size_total": settings.image_size_total,
        "image_stage_total": settings.image_stage_total,
        "image_count_uploading": settings.image_count_uploading,
    }
    for resource, value in wanted.items():
        quotas.set_limit(tx, "image", resource, quotas.EVERYBODY, value)
    folder = Path(settings.metadata_definitions) if settings.metadata_definitions else None
    files = sorted(folder.glob("*.json")) if folder else []
    metadefs.begin(tx, {path.name: path.read_bytes() for path in files})
