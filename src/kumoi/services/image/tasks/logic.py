"""Finds tasks, and starts the old kind of them, which makes an image and fills it from the web."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import OperationRow
from kumoi.kernel.pagination import MarkerNotFound
from kumoi.kernel.who import Who
from kumoi.services.image.data import logic as data
from kumoi.services.image.images import logic as images
from kumoi.services.image.offers import STORE, WEB_DOWNLOAD
from kumoi.services.image.tasks import schemas, store
from kumoi.services.image.tasks.errors import TaskNotFound

PAGE, LARGEST_PAGE = 25, 1000


def find(tx: Transaction, task_id: str) -> OperationRow:
    row = store.find(tx, task_id)
    if row is None:
        raise TaskNotFound(task_id)
    return row


def list_of(tx: Transaction, query: schemas.Query) -> tuple[list[OperationRow], int]:
    """A page, and how many it may have."""
    limit = PAGE if query.limit is None else min(query.limit, LARGEST_PAGE)
    marker = None
    if query.marker is not None:
        marker = store.find(tx, query.marker)
        if marker is None:
            raise MarkerNotFound(f"Invalid marker: there is no task {query.marker}.")
    states = schemas.STATES[query.status] if query.status is not None else None
    return store.page_of(tx, states, (query.sort_key, query.sort_dir), marker, limit), limit


def of_image(tx: Transaction, who: Who, image_id: str) -> list[OperationRow]:
    """None for those who only see the image: tasks name users, requests and addresses of its owner."""
    row = images.visible(tx, who, image_id)
    if not who.sees(row["owner"]):
        return []
    return store.of_image(tx, image_id)


def create(
    tx: Transaction, who: Who, given: schemas.Input, told: dict[str, Any], url: str, most: int, origin: dict[str, Any]
) -> OperationRow:
    """`url`: sealed. `told`: the input as tasks show it."""
    values = {"disk_format": given.import_from_format, "container_format": "bare", **given.image_properties}
    image = images.create(tx, who, values)
    asked = data.Import(WEB_DOWNLOAD, [STORE], told, url=url, task="import")
    return find(tx, data.bring_in(tx, who, image["id"], asked, most, origin))
