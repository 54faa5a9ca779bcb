"""The optional features of this image service."""

from kumoi.kernel import rooms

DIRECT, WEB_DOWNLOAD, COPY_IMAGE, REMOTE = "glance-direct", "web-download", "copy-image", "glance-download"
IMPORT_METHODS = (DIRECT, WEB_DOWNLOAD, COPY_IMAGE, REMOTE)
"""Ways of import: bytes that were staged before; from a web server; from one store to others; from another cloud's image
service."""
FILES, OBJECTS = "files", "objects"
STORE = FILES
"""The store of an image whose sender names none, and of staged bytes."""
STORE_HEADER = "x-image-meta-store"
"""The header that names a store, in lower case."""
DESCRIPTIONS = {FILES: "Files on the cloud's disk", OBJECTS: "The object store"}


def stores() -> tuple[str, ...]:
    """Names of the stores. A cloud without the object store has one."""
    return (FILES, OBJECTS) if rooms.has("object_store") else (FILES,)
