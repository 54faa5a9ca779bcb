"""What can go wrong with images."""

from kumoi.kernel.errors import BadRequest, Conflict, Forbidden, NotFound


class ImageNotFound(NotFound):
    def __init__(self, image_id: str) -> None:
        super().__init__(f"No image found with ID {image_id[:255]}")


class ImageForbidden(Forbidden):
    pass


class ImageExists(Conflict):
    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image ID {image_id} already exists!")


class InvalidImage(BadRequest):
    pass


class WrongStatus(Conflict):
    pass
