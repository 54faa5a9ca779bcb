"""The errors of an image's bytes."""

from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound, UnsupportedMedia


class RefusedContent(BadRequest):
    """The bytes do not have the declared format, or are not safe to open. They were deleted."""


class NotOctets(UnsupportedMedia):
    def __init__(self, content_type: str) -> None:
        super().__init__(f"Unsupported Content-Type {content_type[:80]!r}: application/octet-stream is expected.")


class AnotherUpload(Conflict):
    pass


class Deactivated(Forbidden):
    def __init__(self, image_id: str) -> None:
        super().__init__(f"The requested image {image_id} has been deactivated. Image data download is forbidden.")


class UnknownStore(BadRequest):
    def __init__(self, where: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{where}: there is no store {name[:100]!r}; this cloud has: {', '.join(known)}.")


class NotStored(NotFound):
    def __init__(self, image_id: str, store: str) -> None:
        super().__init__(f"Image {image_id} is not stored in {store[:100]!r}.")


class OnlyStore(Forbidden):
    def __init__(self) -> None:
        super().__init__(
            "Cannot delete image data from the only store containing it. Consider deleting the image instead."
        )


class UnknownMethod(BadRequest):
    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"Unknown import method name '{name[:100]}'; this cloud knows: {', '.join(known)}.")
