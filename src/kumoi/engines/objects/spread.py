"""The bytes of large objects on several disks: whole copies, or fragments of an erasure code.

Each file arrives and becomes durable as on one disk (`disk.py`): received in `incoming/`, linked into `files/`, and the
entry in `incoming/` goes once an object has it. Files of fragments are rows of equal frames: a checksum, and the fragment of
one segment.
"""

import fcntl
import functools
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from kumoi.engines.objects.digests import Digest
from kumoi.engines.objects.disks import Disks, remove, short
from kumoi.engines.objects.interface import ObjectsError, Stored
from kumoi.engines.objects.layout import Place, Policy
from kumoi.kernel import durable, randomness
from kumoi.kernel.lanes import Threads

SMALL = 32 << 10
SEGMENT = 1 << 20
"""Bytes that are coded at once."""
_SUM = 4
"""Bytes of a frame's checksum."""
_pool = Threads(8, "objects-disks")
Settle = Callable[[Path, Path, int], None]
"""(the file, its record in `incoming/`, its handle): make the name durable soon, and remove the record."""


@functools.cache
def coder(data: int, parity: int) -> Any:
    from pyeclib.ec_iface import ECDriver

    return ECDriver(k=data, m=parity, ec_type="isa_l_rs_cauchy")


@functools.cache
def frame_size(data: int, parity: int) -> int:
    """Of a whole segment, in each file."""
    return _SUM + len(coder(data, parity).encode(bytes(SEGMENT))[0])


def framed(fragment: bytes) -> bytes:
    return zlib.crc32(fragment).to_bytes(_SUM, "little") + fragment


def unframed(frame: bytes) -> bytes | None:
    """The fragment; None: it is not what was written."""
    fragment = frame[_SUM:]
    return fragment if fragment and zlib.crc32(fragment) == int.from_bytes(frame[:_SUM], "little") else None


def lasting(root: Path, id: str) -> Path:
    return root / "files" / id[:2] / id


class Part:
    """One file of an object, on one disk."""

    def __init__(self, disk: str, root: Path, id: str) -> None:
        self.disk, self.path, self.note = disk, lasting(root, id), root / "incoming" / id
        self.fault: Exception | None = None
        self._root = root
        self._handle = -1

    def open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._handle = os.open(self.note, flags, 0o440)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes) -> None:
        durable.check_room(self._root)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def finish(self) -> None:
        os.fsync(self._handle)
        durable.sync_folder(self.note.parent)
        if not self.path.parent.is_dir():
            durable.make_folder(self.path.parent, mode=0o750, parents=False)
        os.link(self.note, self.path, follow_symlinks=False)

    def settle(self, settle: Settle) -> None:
        if self._handle >= 0:
            settle(self.path, self.note, self._handle)
            self._handle = -1

    def discard(self) -> None:
        for path in (self.path, self.note):
            remove(path)
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class SpreadWriter:
    """Implements Writer. Not thread-safe."""

    def __init__(self, disks: Disks, policy: Policy, settle: Settle) -> None:
        self._disks, self._policy, self._settle = disks, policy, settle
        self._held = bytearray()
        self._size = 0
        self._digest = Digest()
        self._id = ""
        self._parts: list[Part] = []
        self._kept = False

    def write(self, *data: bytes) -> None:
        self._size += sum(map(len, data))
        self._digest.update(*data)
        try:
            self._write(b"".join(data))
        finally:
            self._digest.wait()

    def _write(self, data: bytes) -> None:
        if not self._id:
            self._held += data
            if self._size <= SMALL:
                return
            data, self._held = bytes(self._held), bytearray()
            self._begin()
        if not self._policy.coded:
            self._each(lambda _, part: part.write(data))
            return
        self._held += data
        while len(self._held) >= SEGMENT:
            segment = bytes(memoryview(self._held)[:SEGMENT])
            del self._held[:SEGMENT]
            self._code(segment)

    def _begin(self) -> None:
        self._id = randomness.new_hex()
        for disk, usable in self._disks.chosen(self._id, self._policy.width, self._policy.enough):
            root = self._disks.root(disk)
            assert root is not None
            part = Part(disk, root, self._id)
            self._parts.append(part)
            if not usable:
                part.fault = ObjectsError("it was not there")
        self._each(lambda _, part: part.open())

    def _code(self, segment: bytes) -> None:
        fragments = coder(self._policy.data, self._policy.parity).encode(segment)
        self._each(lambda number, part: part.write(framed(fragments[number])))

    def _each(self, work: Callable[[int, Part], None], *, at_once: bool = False) -> None:
        """Do it with every file that is still whole; refuse when these are too few."""

        def attempt(numbered: tuple[int, Part]) -> None:
            number, part = numbered
            if part.fault is None:
                try:
                    work(number, part)
                except OSError as error:
                    part.fault = error
                    self._disks.avoid(part.disk)
                    part.discard()

        for _ in (_pool.map if at_once else map)(attempt, enumerate(self._parts)):
            pass
        whole = sum(part.fault is None for part in self._parts)
        if whole < self._policy.enough:
            self.discard()
            raise short(whole, self._policy.enough, [part.fault for part in self._parts])

    def finish(self) -> Stored:
        etag = self._digest.hexdigest()
        if not self._id:
            return Stored(self._size, etag, bytes(self._held), None)
        if self._held:
            self._code(bytes(self._held))
            self._held = bytearray()
        self._each(lambda _, part: part.finish(), at_once=True)
        # Noted before anybody is answered, so that what is missing is made.
        try:
            self._disks.lags(part.disk for part in self._parts if part.fault is not None)
        except OSError as error:
            self.discard()
            raise ObjectsError(f"The state of the disks could not be written: {error}") from error
        shape = str(self._policy.data) + (f".{self._policy.parity}" if self._policy.coded else "")
        disks = tuple(part.disk for part in self._parts)
        return Stored(self._size, etag, None, Place(self._id, shape, self._size, etag, disks).text)

    def keep(self) -> None:
        self._kept = True
        for part in self._parts:
            part.settle(self._settle)

    def discard(self) -> None:
        if not self._kept:
            for part in self._parts:
                part.discard()


class Sources:
    """The files of an object on the disks that are there; opened when they are needed."""

    def __init__(self, disks: Disks, place: Place, without: str = "") -> None:
        self._disks, self.place, self._without = disks, place, without
        self._handles: dict[int, int] = {}
        self.faults: dict[int, str] = {}
        """File → why it is not read."""

    def read(self, number: int, size: int, offset: int) -> bytes | None:
        """None: it cannot be read."""
        if number in self.faults:
            return None
        try:
            handle = self._handles.get(number)
            if handle is None:
                handle = self._handles[number] = self._open(number)
            return os.pread(handle, size, offset)
        except (OSError, ObjectsError) as error:
            self.faults[number] = str(error)
            return None

    def _open(self, number: int) -> int:
        name = self.place.disks[number]
        root = self._disks.root(name)
        if name == self._without or root is None:
            raise ObjectsError("it is not wanted")
        if fault := self._disks.fault(name):
            raise ObjectsError(fault)
        handle = os.open(lasting(root, self.place.id), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        return handle

    def close(self) -> None:
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()

    def lost(self) -> ObjectsError:
        found = "; ".join(f"{self.place.disks[number]}: {fault}" for number, fault in sorted(self.faults.items()))
        return ObjectsError(f"The object cannot be read from so few disks ({found}).")


def fragments(sources: Sources, segment: int, order: Iterable[int]) -> list[bytes]:
    """As many sound fragments of a segment as decoding takes, in this order of preference."""
    policy = sources.place.policy
    frame = frame_size(policy.data, policy.parity)
    found: list[bytes] = []
    for number in order:
        raw = sources.read(number, frame, segment * frame)
        if raw is None:
            continue
        fragment = unframed(raw)
        if fragment is None:
            # Only this segment of it is not read.
            continue
        found.append(fragment)
        if len(found) == policy.data:
            return found
    raise sources.lost()


class SpreadFile(io.RawIOBase):
    """An object's bytes from the disks that are there."""

    def __init__(self, disks: Disks, place: Place) -> None:
        self._sources, self._place = Sources(disks, place), place
        self._at = 0
        self._segment = -1
        self._held = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._place.size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._some(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int = -1) -> bytes:
        left = self._place.size if size is None or size < 0 else size
        found = self._some(left)
        if len(found) < left and self._at < self._place.size:
            parts = [found]
            while part := self._some(left - sum(map(len, parts))):
                parts.append(part)
            return b"".join(parts)
        return found

    def _some(self, size: int) -> bytes:
        size = min(size, self._place.size - self._at)
        if size <= 0:
            return b""
        data = self._decoded(size) if self._place.policy.coded else self._copied(size)
        self._at += len(data)
        return data

    def _copied(self, size: int) -> bytes:
        for number in range(len(self._place.disks)):
            if data := self._sources.read(number, size, self._at):
                return data
            self._sources.faults.setdefault(number, "it is too short")
        raise self._sources.lost()

    def _decoded(self, size: int) -> bytes:
        segment, begin = divmod(self._at, SEGMENT)
        if segment != self._segment:
            policy = self._place.policy
            found = fragments(self._sources, segment, range(policy.width))
            self._held = coder(policy.data, policy.parity).decode(found)
            self._segment = segment
        return self._held[begin : begin + size] if begin or size < len(self._held) else self._held

    def close(self) -> None:
        self._sources.close()
        super().close()


def opened(disks: Disks, place: Place) -> BinaryIO:
    """ObjectsError unless its first byte can be read."""
    file = SpreadFile(disks, place)
    try:
        file.read(1)
        file.seek(0)
    except ObjectsError:
        file.close()
        raise
    return cast(BinaryIO, file)


def problem_of(disks: Disks, place: Place, number: int, pace: Callable[[int], None]) -> str:
    """What is wrong with the bytes of one file; empty: nothing. Reads all of it. `pace` is told how much it read."""
    root = disks.root(place.disks[number])
    assert root is not None
    policy, size = place.policy, 0
    md5 = hashlib.md5(usedforsecurity=False)
    block = frame_size(policy.data, policy.parity) if policy.coded else SEGMENT
    try:
        with lasting(root, place.id).open("rb") as file:
            while raw := file.read(block):
                size += len(raw)
                if not policy.coded:
                    md5.update(raw)
                elif unframed(raw) is None:
                    return "a fragment has other bytes than were written"
                pace(len(raw))
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    if policy.coded:
        wanted = -(-place.size // SEGMENT)
        return "" if -(-size // block) == wanted else "fragments are missing"
    return "" if size == place.size and md5.hexdigest() == place.md5 else "it has other bytes than were written"


def make_again(disks: Disks, place: Place, number: int, pace: Callable[[int], None]) -> None:
    """Write one file of an object anew from the others, in place of what is there; ObjectsError when they do not suffice."""
    name = place.disks[number]
    root = disks.root(name)
    assert root is not None
    part, draft = Part(name, root, place.id), root / "incoming" / f"{place.id}.again"
    draft.unlink(missing_ok=True)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o440), "wb") as file:
            (_reconstruct if place.policy.coded else _copy)(disks, place, number, file, pace)
            file.flush()
            os.fsync(file.fileno())
        if not part.path.parent.is_dir():
            durable.make_folder(part.path.parent, mode=0o750, parents=False)
        draft.replace(part.path)
        durable.sync_folder(part.path.parent)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _copy(disks: Disks, place: Place, number: int, file: BinaryIO, pace: Callable[[int], None]) -> None:
    """From the first of the others that has the right bytes."""
    for other in (each for each in range(len(place.disks)) if each != number):
        source, md5, at = Sources(disks, place), hashlib.md5(usedforsecurity=False), 0
        file.seek(0)
        file.truncate()
        while data := source.read(other, SEGMENT, at):
            md5.update(data)
            file.write(data)
            at += len(data)
            pace(len(data))
        source.close()
        if at == place.size and md5.hexdigest() == place.md5:
            return
    raise ObjectsError("no other disk has its bytes")


def _reconstruct(disks: Disks, place: Place, number: int, file: BinaryIO, pace: Callable[[int], None]) -> None:
    policy, sources = place.policy, Sources(disks, place, without=place.disks[number])
    others = [each for each in range(policy.width) if each != number]
    try:
        for segment in range(-(-place.size // SEGMENT)):
            found = fragments(sources, segment, others)
            made: Sequence[bytes] = coder(policy.data, policy.parity).reconstruct(found, [number])
            file.write(framed(made[0]))
            pace(SEGMENT)
    finally:
        sources.close()
