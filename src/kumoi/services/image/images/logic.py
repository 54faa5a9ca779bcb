"""Which images a caller may see and change, and what a change starts."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.image.images import store
from kumoi.services.image.images.errors import ImageNotFound
from kumoi.services.image.images.models import COMMUNITY, PUBLIC, SHARED
from kumoi.services.image.members import store as members


def visible(tx: Transaction, who: Who, image_id: str) -> dict[str, Any]:
    """The row, for its owner, its members, everybody (public, community) and admins; ImageNotFound for others."""
    row = store.find(tx, image_id)
    if row is None or not sees(tx, who, row):
        raise ImageNotFound(image_id)
    return row


def sees(tx: Transaction, who: Who, row: dict[str, Any]) -> bool:
    if who.sees(row["owner"]) or row["visibility"] in (PUBLIC, COMMUNITY):
        return True
    return (
        row["visibility"] == SHARED and who.project_id is not None and members.is_member(tx, row["id"], who.project_id)
    )
