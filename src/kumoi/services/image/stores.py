"""The stores in which the bytes of images lie, by name."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypedDict

from kumoi.engines.images.interface import ImagesError, ImageStore
from kumoi.engines.images.objects import ObjectImages
from kumoi.engines.objects.interface import ObjectStore
from kumoi.services.image import offers
from kumoi.services.image.offers import FILES, OBJECTS


class Hashed(TypedDict):
    """What a row of an image says of its bytes."""

    id: str
    os_hash_algo: str | None
    os_hash_value: str | None


Engine = Callable[[type[Any]], Any]
BLOCK = 1 << 20


def of(engine: Engine, name: str) -> ImageStore:
    return objects(engine) if name == OBJECTS else engine(ImageStore)


def objects(engine: Engine) -> ObjectImages:
    return ObjectImages(engine(ObjectStore))


def every(engine: Engine) -> dict[str, ImageStore]:
    return {name: of(engine, name) for name in offers.stores()}


def joined(several: Iterable[str]) -> str:
    """As the column and the API have several stores."""
    return ",".join(sorted(set(several)))


def names(column: str | None) -> tuple[str, ...]:
    """The stores in which an image's bytes lie, or to which they come, from the column `store`."""
    return tuple((column or FILES).split(","))


def copy(source: ImageStore, target: ImageStore, row: Hashed) -> None:
    """The target has all bytes of the image afterwards, or none; ImagesError. They are compared with the digest that they
    had when they came, if it is known."""
    image_id, digest = row["id"], hashlib.new(row["os_hash_algo"] or "sha512")
    with source.open(image_id) as file:
        # They were inspected when they came.
        writer = target.begin(image_id, None)
        try:
            while block := file.read(BLOCK):
                digest.update(block)
                writer.write(block)
            writer.finish()
        except BaseException:
            writer.abort()
            raise
    if row["os_hash_value"] is not None and digest.hexdigest() != row["os_hash_value"]:
        target.delete(image_id)
        raise ImagesError(f"the data of image {image_id} was damaged in its store")
