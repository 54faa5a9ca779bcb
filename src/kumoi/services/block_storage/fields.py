"""Fields that several resources of block storage have."""

from typing import Annotated

import msgspec

from kumoi.services.block_storage.errors import InvalidInput

MOST_METADATA = 128
"""Items of one volume or snapshot: they are in each list that shows it."""
MOST_IMAGE_METADATA = 256
"""Items that a volume has from its image: an image has up to 128 properties of its own."""
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Value = Annotated[str, msgspec.Meta(max_length=255)]
Metadata = Annotated[dict[Key, Value], msgspec.Meta(max_length=MOST_METADATA)]


def bounded(items: dict[str, str], most: int) -> dict[str, str]:
    """The items as they would be after a request that adds some. InvalidInput if there are more than `most`."""
    if len(items) > most:
        raise InvalidInput(f"metadata: there would be {len(items)} items; at most {most} are kept.")
    return items
