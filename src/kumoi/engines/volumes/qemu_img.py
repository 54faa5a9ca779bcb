"""Runs qemu-img with explicit formats, as the guests' user and with limits. All calls of qemu-img go through this
module."""

from pathlib import Path

import msgspec

from kumoi.engines.volumes.interface import VolumesError
from kumoi.kernel import processes
from kumoi.kernel.processes import CommandFailed, Limits

GIB = 1 << 30
_MEMORY = 2 * GIB
"""Address space, mostly unused. A hostile header that needs more ends the command."""
_METADATA = 256 << 20
"""Bytes that the tables of an empty disk never reach."""
_BYTES_A_SECOND = 10 << 20
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_CUT_BY_SIZE, _CUT_BY_TIME = -25, -24
"""SIGXFSZ and SIGXCPU, as values of `CommandFailed.status`."""
_DAMAGED, _LEAKS = 2, 3
"""Exit statuses of `qemu-img check`."""


WRITTEN = {"raw": "raw", "qcow2": "qcow2", "vmdk": "vmdk", "vhd": "vpc", "vhdx": "vhdx", "vdi": "vdi"}
"""The formats in which a disk is written, as disk_format of the image API → qemu's word."""


class _Check(msgspec.Struct):
    compressed: int = msgspec.field(name="compressed-clusters", default=0)
    """Clusters."""


class QemuImg:
    """`user` runs it and must own what it opens; None: the user of this process. Raises only VolumesError."""

    def __init__(self, user: str | None) -> None:
        self.user = user

    def create(self, place: Path, size: int, backing: str | None = None) -> None:
        """Create a thin qcow2 of `size` bytes in the existing file `place`. `backing`: another qcow2, as a path
        relative to `place`. It is recorded and not opened."""
        self._create(place, size, backing, "qcow2")

    def create_over_raw(self, place: Path, size: int, backing: str) -> None:
        """As `create`, on bytes that are taken as they are."""
        self._create(place, size, backing, "raw")

    def resize(self, place: Path, size: int) -> None:
        """Extend a qcow2 that no process has open."""
        self._run(["resize", "-q", "-f", "qcow2", str(place), str(size)], 30, _file_limit(size))

    def convert(self, source: Path, source_format: str, to: Path, size: int, to_format: str = "qcow2") -> None:
        """The content of `source`, `size` bytes of disk, into the file `to`. The formats are qemu's words."""
        self._run(
            ["convert", "-q", "-f", source_format, "-O", to_format, str(source), str(to)],
            60 + size // _BYTES_A_SECOND,
            _file_limit(size),
        )

    def rebase(self, place: Path, size: int, backing: str) -> None:
        """Set another qcow2, as a path relative to `place`, under a disk of `size` bytes whose content stays: what differs
        between the old backing file and the new one is written into `place`."""
        self._run(
            ["rebase", "-q", "-f", "qcow2", "-b", backing, "-F", "qcow2", str(place)],
            60 + size // _BYTES_A_SECOND,
            _file_limit(size),
        )

    def is_plain(self, place: Path, size: int) -> bool:
        """Whether a qcow2 file of `size` bytes is valid, uncompressed and without leaks. VolumesError: damaged."""
        try:
            said = self._try(
                ["check", "-f", "qcow2", "--output=json", str(place)], 60 + size // _BYTES_A_SECOND, _METADATA
            )
        except CommandFailed as error:
            if error.status == _LEAKS:
                return False
            if error.status == _DAMAGED:
                raise VolumesError("the qcow2 image is damaged: its tables contradict each other") from error
            raise VolumesError(explain(error)) from error
        return not msgspec.json.decode(said, type=_Check).compressed

    def _create(self, place: Path, size: int, backing: str | None, backing_format: str) -> None:
        on = ["-u", "-b", backing, "-F", backing_format] if backing else []
        self._run(["create", "-q", "-f", "qcow2", *on, str(place), str(size)], 30, _METADATA)

    def _run(self, arguments: list[str], seconds: int, file_size: int) -> None:
        try:
            self._try(arguments, seconds, file_size)
        except CommandFailed as error:
            raise VolumesError(explain(error)) from error

    def _try(self, arguments: list[str], seconds: int, file_size: int) -> str:
        return processes.run(
            ["qemu-img", *arguments],
            within=seconds,
            user=self.user,
            limits=Limits(processor_seconds=seconds, memory=_MEMORY, file_size=file_size),
            environment=_ENVIRONMENT,
        )


def explain(error: CommandFailed) -> str:
    """What a failed command means for the user, without paths of the host."""
    if "No space left on device" in error.detail or "Disk quota exceeded" in error.detail:
        return "the disk of the host is full; nothing was made"
    if error.status == _CUT_BY_SIZE or "File too large" in error.detail:
        return "the disk would grow larger than a file may be here; nothing was made"
    if error.status is None or error.status == _CUT_BY_TIME:
        return "the disk was not made in time; nothing was made"
    if error.status == 127:
        return f"the host lacks what it needs: {error.detail}"
    last = (error.detail.splitlines() or [f"status {error.status}"])[-1]
    words = ["a file" if word.strip("'\":").startswith("/") else word for word in last.split()]
    return f"the disk could not be made: {' '.join(words)}"


def _file_limit(size: int) -> int:
    return size + size // 64 + _METADATA
