"""Checks while the bytes arrive whether an image's content has the declared disk_format and is safe to open."""

import struct
from typing import TYPE_CHECKING

import msgspec

from kumoi.engines.images import qcow2
from kumoi.engines.images.interface import ImageRefused

if TYPE_CHECKING:
    from oslo_utils.imageutils.format_inspector import FileInspector

UNSTRUCTURED = frozenset({"raw", "ami", "aki", "ari"})
STRUCTURED = frozenset({"qcow2", "vmdk", "vhd", "vhdx", "vdi", "iso"})
KNOWN_FORMATS = UNSTRUCTURED | STRUCTURED
"""Every disk_format that can be checked."""
_NOT_DISKS = frozenset({"aki", "ari"})
_HEAD = 64 * 1024
_FOOTER = 512


class Finding(msgspec.Struct, frozen=True):
    detected_format: str
    """As `Stored.detected_format`."""
    virtual_size: int | None
    """Bytes; None: the content is not a disk."""


class Inspection:
    """Feed it an image's bytes in order, then read its result. It holds at most a few MiB.

    `disk_format` is one of KNOWN_FORMATS, or None to detect the format without a check. `feed` raises ImageRefused as
    soon as the content cannot have that format; `finish` may raise it too.
    """

    def __init__(self, disk_format: str | None) -> None:
        if disk_format is not None and disk_format not in KNOWN_FORMATS:
            raise ImageRefused(f"disk_format: no check exists for {disk_format!r}, so it cannot be accepted")
        # Imported with the first image, because it needs 16 MB that an idle cloud can save.
        from oslo_utils.imageutils.format_inspector import ALL_FORMATS

        self.disk_format = disk_format
        self.size = 0
        self._head = bytearray()
        self._tail = b""
        self._inspectors = [kind() for name, kind in ALL_FORMATS.items() if name != "raw"]
        self._failed: list[FileInspector] = []
        self._decided = False

    def feed(self, chunk: bytes) -> None:
        before = self.size
        self.size += len(chunk)
        self._tail = (self._tail + chunk[-_FOOTER:])[-_FOOTER:]
        if before < _HEAD:
            # An inspector may decide from its first chunk alone, so the first chunk is made large.
            self._head += chunk
            if self.size >= _HEAD:
                self._show(bytes(self._head))
                del self._head[_HEAD:]
        else:
            self._show(chunk)

    def _show(self, chunk: bytes) -> None:
        if self._decided:
            return
        for each in self._inspectors:
            if each not in self._failed:
                try:
                    each.eat_chunk(chunk)
                except Exception:  # a hostile header may raise anything
                    self._failed.append(each)
        # A vmdk with a second header at its very end is complete only there.
        if all(each.complete or each in self._failed for each in self._inspectors):
            self._decided = True
            self._judge_kind(final=False)

    def finish(self) -> Finding:
        if self.size < _HEAD:
            self._show(bytes(self._head))
        for each in self._inspectors:
            each.finish()
        detected = self._judge_kind(final=True)
        if self.disk_format is not None:
            self._judge_safety()
        if self.disk_format in _NOT_DISKS:
            return Finding(detected, None)
        if detected in ("raw", "iso"):
            return Finding(detected, self.size)
        if detected == "vhd":
            (size,) = struct.unpack(">Q", self._tail[48:56] if self._fixed_vhd() else self._head[48:56])
            return Finding(detected, size)
        return Finding(detected, self._virtual_size(detected) or None)

    def _judge_kind(self, *, final: bool) -> str:
        names = {str(each) for each in self._inspectors if _matches(each)} or {"raw"}
        if "gpt" in names:
            # A raw disk begins with a partition table, and so may an ISO.
            names = (names - {"gpt"}) or {"raw"}
        if final and names == {"raw"} and self.disk_format in ("vhd", None) and self._fixed_vhd():
            names = {"vhd"}
        if len(names) > 1:
            raise ImageRefused(f"the content is several formats at once: {', '.join(sorted(names))}")
        detected = names.pop()
        declared = "raw" if self.disk_format in UNSTRUCTURED else self.disk_format
        # Only the end of a fixed-size vhd identifies it.
        undecided = not final and declared == "vhd" and detected == "raw"
        if declared is not None and detected != declared and not undecided:
            content = "not of any known disk format" if detected == "raw" else detected
            raise ImageRefused(f"disk_format is {self.disk_format} but the content is {content}")
        return detected

    def _judge_safety(self) -> None:
        from oslo_utils.imageutils.format_inspector import ImageFormatError, SafetyCheckFailed

        if self.disk_format == "qcow2":
            try:
                reason = qcow2.refusal(qcow2.parse(bytes(self._head)), self.size)
            except qcow2.NotQcow2 as error:
                raise ImageRefused(f"the qcow2 image is refused: {error}") from error
            if reason:
                raise ImageRefused(f"the qcow2 image is refused: {reason}")
        if self.disk_format not in STRUCTURED - {"iso"}:
            return
        for each in self._inspectors:
            if str(each) != self.disk_format or not _matches(each):
                continue
            if each in self._failed:
                raise ImageRefused(f"the {self.disk_format} image is refused: its header is broken")
            try:
                each.safety_check()
            except SafetyCheckFailed as error:
                reasons = "; ".join(f"{name}: {failure}" for name, failure in error.failures.items())
                raise ImageRefused(f"the {self.disk_format} image is refused: {reasons}") from error
            except ImageFormatError as error:
                raise ImageRefused(f"the {self.disk_format} image is refused: it is cut short") from error
            if not self._virtual_size(self.disk_format):
                raise ImageRefused(f"the {self.disk_format} image is refused: it does not say its size")

    def _virtual_size(self, name: str) -> int:
        try:
            return next((each.virtual_size for each in self._inspectors if str(each) == name), 0)
        except struct.error:
            return 0

    def _fixed_vhd(self) -> bool:
        footer = self._tail
        if len(footer) < _FOOTER or not footer.startswith(b"conectix"):
            return False
        (kind,) = struct.unpack(">I", footer[60:64])
        return bool(kind == 2) and self.size > _FOOTER


def _matches(inspector: "FileInspector") -> bool:
    try:
        return inspector.format_match
    except (AttributeError, struct.error):
        # The vmdk one knows its kind only where it could read the descriptor.
        return False
