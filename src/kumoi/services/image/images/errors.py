"""The errors of images."""

from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, Gone, NotFound, TooLarge


class ImageNotFound(NotFound):
    def __init__(self, image_id: str) -> None:
        super().__init__(f"No image found with ID {image_id[:255]}")


class ImageForbidden(Forbidden):
    pass


class ImageProtected(Forbidden):
    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image {image_id} is protected and cannot be deleted.")


class ImageExists(Conflict):
    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image ID {image_id} already exists!")


class InvalidImage(BadRequest):
    pass


class WrongStatus(Conflict):
    pass


class PropertyConflict(Conflict):
    pass


class ImageGone(Gone):
    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image {image_id} was deleted during the upload; the data was discarded.")


class TooMany(TooLarge):
    pass


class StorageFull(TooLarge):
    pass
