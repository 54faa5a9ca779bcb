"""The optional features of this image service."""

from kumoi.kernel import rooms

IMPORT_METHODS = ("glance-direct",)
"""Ways of import: bytes staged before. Others (the service fetching from the web) are not built."""
FILES, OBJECTS = "files", "objects"
STORE = FILES
"""The store of an image whose sender names none, and of staged bytes."""
STORE_HEADER = "x-image-meta-store"
"""The header that names a store, in lower case."""
DESCRIPTIONS = {FILES: "Files on the cloud's disk", OBJECTS: "The object store"}


def stores() -> tuple[str, ...]:
    """Names of the stores. A cloud without the object store has one."""
    return (FILES, OBJECTS) if rooms.has("object_store") else (FILES,)
