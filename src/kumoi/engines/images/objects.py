"""Images as objects of an account that no user reaches.

An upload is a small object in the container UPLOADS until it is complete. The transaction that gives its bytes to the
image removes it, so an upload that was deleted, or taken over by another one, cannot finish.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from kumoi.engines.images import qcow2
from kumoi.engines.images.interface import ImageRefused, ImagesError, Stored, UploadRunning, Writer
from kumoi.engines.images.receiving import Received
from kumoi.engines.objects.interface import Container, Object, ObjectsError, ObjectStore, Page, Reading, T, Writing
from kumoi.engines.objects.interface import Stored as StoredBytes
from kumoi.kernel import randomness

ACCOUNT = ".images"
"""Names of accounts with a dot at their beginning are those of services; no request reaches them."""
IMAGES, UPLOADS = "images", "uploads"
_TOKEN = "token"  # noqa: S105
_TYPE = "application/octet-stream"
_NOTHING = StoredBytes(0, hashlib.md5(b"", usedforsecurity=False).hexdigest(), b"", None)
_PAGE = 10_000
_living: set[str] = set()
"""Tokens of this process's uploads. Another process's uploads do not live: only the streams take any."""


class ObjectImages:
    """Implements ImageStore. It holds nothing, so it is made where it is needed."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def begin(self, image_id: str, disk_format: str | None) -> Writer:
        return ObjectWriter(self, _checked(image_id), Received(disk_format))

    def open(self, image_id: str) -> BinaryIO:
        found = self.find(image_id)
        if isinstance(found, bytes):
            return io.BytesIO(found)
        return self._translated(lambda: self.store.open(found))

    def path(self, image_id: str) -> Path:
        found = self.find(image_id)
        if isinstance(found, bytes):
            raise ImagesError(f"the data of image {image_id} is no file")
        return self._translated(lambda: self.store.path(found))

    def find(self, image_id: str) -> str | bytes:
        """The place of its bytes in the object store, or the bytes themselves if they are few; ImagesError."""
        name = _checked(image_id)

        def work(tx: Reading) -> str | bytes:
            where = tx.container(ACCOUNT, IMAGES)
            found = where and tx.object(where, name)
            if not where or not found:
                raise ImagesError(f"image {image_id} has no data")
            return found.place if found.place is not None else tx.data(where, name)

        if not self.store.is_used():
            raise ImagesError(f"image {image_id} has no data")
        return self._translated(lambda: self.store.read(work))

    def sent_from(self, place: str) -> str | None:
        """The path of a place below the front's `/_objects/`; None: the front cannot send it."""
        return self.store.sent_from(place)

    def adopt(self, image_id: str, file: Path) -> bool:
        return False

    def delete(self, image_id: str) -> None:
        name = _checked(image_id)

        def work(tx: Writing) -> None:
            for container in (UPLOADS, IMAGES):
                if where := tx.container(ACCOUNT, container):
                    tx.remove_object(where, name)

        if self.store.is_used():
            self.write(work, frees=True)

    def inventory(self) -> list[str]:
        return [name for name, _ in self._all(IMAGES)]

    def uploads(self) -> dict[str, str]:
        """Image → token, of the uploads that have not ended. Those of dead processes are among them."""
        return {name: found.metadata[_TOKEN] for name, found in self._all(UPLOADS)}

    def forget_upload(self, image_id: str, token: str) -> None:
        """The upload cannot finish any more."""

        def work(tx: Writing) -> None:
            if where := _upload(tx, image_id, token):
                tx.remove_object(where, image_id)

        self.write(work, frees=True)

    def _all(self, container: str) -> list[tuple[str, Object]]:
        def work(tx: Reading) -> list[tuple[str, Object]]:
            where, found = tx.container(ACCOUNT, container), list[tuple[str, Object]]()
            while where is not None:
                marker = found[-1][0] if found else ""
                names = [each.name for each in tx.objects(where, Page(limit=_PAGE, marker=marker))]
                found += [(name, there) for name in names if (there := tx.object(where, name))]
                if len(names) < _PAGE:
                    break
            return found

        return self._translated(lambda: self.store.read(work)) if self.store.is_used() else []

    def write(self, work: Callable[[Writing], T], *, frees: bool = False) -> T:
        return self._translated(lambda: self.store.write(work, frees=frees).result())

    @staticmethod
    def _translated(work: Callable[[], T]) -> T:
        try:
            return work()
        except ObjectsError as error:
            raise ImagesError(str(error)) from error


class ObjectWriter:
    """One upload; implements Writer. Not thread-safe."""

    def __init__(self, images: ObjectImages, image_id: str, received: Received) -> None:
        self._images, self._id, self._received = images, image_id, received
        self._token = randomness.new_hex()
        _living.add(self._token)
        try:
            images.write(self._begin)
            self._writer = images.store.begin()
        except BaseException:
            _living.discard(self._token)
            raise

    def _begin(self, tx: Writing) -> None:
        where = tx.container(ACCOUNT, UPLOADS) or tx.put_container(ACCOUNT, UPLOADS, {}, "")
        found = tx.object(where, self._id)
        if found is not None and found.metadata[_TOKEN] in _living - {self._token}:
            raise UploadRunning(f"another upload of image {self._id} is running")
        tx.put_object(where, _object(tx, self._id, _NOTHING, {_TOKEN: self._token}), _NOTHING)

    def write(self, data: bytes) -> None:
        self._must_be_open()
        try:
            self._received.feed(data)
            self._writer.write(data)
        except ObjectsError as error:
            self.abort()
            raise ImagesError(str(error)) from error
        except ImageRefused:
            self.abort()
            raise

    def finish(self) -> Stored:
        self._must_be_open()
        try:
            finding = self._received.inspected()
            stored = self._writer.finish()
            if self._received.is_qcow2:
                self._check_clusters(stored)
            self._images.write(lambda tx: self._give(tx, stored))
        except ObjectsError as error:
            self.abort()
            raise ImagesError(str(error)) from error
        except (ImageRefused, ImagesError):
            self.abort()
            raise
        self._writer.keep()
        _living.discard(self._token)
        self._token = ""
        return self._received.stored(finding)

    def _check_clusters(self, stored: StoredBytes) -> None:
        file = io.BytesIO(stored.data or b"") if stored.place is None else self._images.store.open(stored.place)
        with file:
            if reason := qcow2.refusal_of_clusters(file):
                raise ImageRefused(f"the qcow2 image is refused: {reason}")

    def _give(self, tx: Writing, stored: StoredBytes) -> None:
        upload = _upload(tx, self._id, self._token)
        if upload is None:
            raise ImagesError(f"image {self._id} was deleted while its data came")
        tx.remove_object(upload, self._id)
        where = tx.container(ACCOUNT, IMAGES) or tx.put_container(ACCOUNT, IMAGES, {}, "")
        tx.put_object(where, _object(tx, self._id, stored, {}), stored)

    def abort(self) -> None:
        if not self._token:
            return
        self._writer.discard()
        token, self._token = self._token, ""
        _living.discard(token)
        self._images.forget_upload(self._id, token)

    def _must_be_open(self) -> None:
        if not self._token:
            raise ImagesError(f"the upload of image {self._id} has ended")


def _upload(tx: Reading, image_id: str, token: str) -> Container | None:
    """The container of an upload that may still finish."""
    where = tx.container(ACCOUNT, UPLOADS)
    found = where and tx.object(where, image_id)
    return where if found and found.metadata[_TOKEN] == token else None


def _object(tx: Reading, name: str, stored: StoredBytes, metadata: dict[str, str]) -> Object:
    return Object(
        name=name, size=stored.size, etag=stored.etag, content_type=_TYPE, at=tx.now, entry=f'{{"name":"{name}"}}',
        metadata=metadata,
    )  # fmt: skip


def _checked(image_id: str) -> str:
    try:
        if str(UUID(image_id)) == image_id.lower():
            return image_id.lower()
    except ValueError:
        pass
    raise ImagesError(f"image id {image_id!r} is no UUID")
