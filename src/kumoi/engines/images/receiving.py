"""What every image store does with the bytes of an upload on their way: inspect and hash them."""

import hashlib

from kumoi.engines.images.inspection import Finding, Inspection
from kumoi.engines.images.interface import Stored

_algorithm = "sha512"


def hash_with(algorithm: str) -> None:
    """The digest of all later uploads of this process."""
    global _algorithm
    _algorithm = algorithm


class Received:
    """The bytes of one upload so far. Not thread-safe."""

    def __init__(self, disk_format: str | None) -> None:
        """ImageRefused if there is no check for that format."""
        self._inspection = Inspection(disk_format)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._digest = hashlib.new(_algorithm)

    @property
    def is_qcow2(self) -> bool:
        return self._inspection.disk_format == "qcow2"

    def feed(self, data: bytes) -> None:
        """ImageRefused as soon as the content contradicts the declared format."""
        self._inspection.feed(data)
        self._md5.update(data)
        self._digest.update(data)

    def inspected(self) -> Finding:
        """All bytes came; ImageRefused."""
        return self._inspection.finish()

    def stored(self, finding: Finding) -> Stored:
        return Stored(
            size=self._inspection.size,
            checksum=self._md5.hexdigest(),
            os_hash_algo=self._digest.name,
            os_hash_value=self._digest.hexdigest(),
            virtual_size=finding.virtual_size,
            detected_format=finding.detected_format,
        )
