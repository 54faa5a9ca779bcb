"""Records with strace what processes do to the files below one folder, and reads it back as ordered events."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALLS = (
    "open", "openat", "creat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "truncate", "fallocate",
    "fsync", "fdatasync", "sync", "syncfs", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat",
    "symlink", "symlinkat", "mkdir", "mkdirat", "rmdir", "copy_file_range", "sendfile", "splice", "lseek",
    "io_uring_setup", "ioctl",
)  # fmt: skip
"""All calls that change names or bytes. Changes through mapped pages are not seen: of a cloud's files this is only
SQLite's `-shm`, which need not survive."""
_BY_DESCRIPTOR = (
    "write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate", "fallocate", "fsync", "fdatasync", "lseek", "ioctl",
)  # fmt: skip
_LINE = re.compile(rb"^(\d+)\s+(.*)$", re.DOTALL)
_CALL = re.compile(rb"^(\w+)\((.*)\)\s+= (-?\d+|0x[0-9a-f]+)(.*)$", re.DOTALL)
_DESCRIPTOR = re.compile(rb"(\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
_TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')


class Unknown(Exception):
    """A call that changes files in an unsupported way."""


@dataclass(frozen=True)
class Event:
    """`what`: create mkdir unlink rmdir link rename symlink write truncate punch grow sync mark. `path`, and `to` for a
    second name; `offset`, `size` in bytes."""

    what: str
    path: str = ""
    to: str = ""
    offset: int = 0
    size: int = 0
    data: bytes = b""
    told: Any = None


def record(argv: list[str], out: Path, within: float, environment: dict[str, str] | None = None) -> None:
    """Run a program and its children; each of their CALLS is written to `out`."""
    command = [
        "strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", str(1 << 28), "-qqq", "-e", "signal=none",
        "-e", f"trace={','.join(CALLS)}", "-o", str(out), *argv,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd="/", capture_output=True, text=True, timeout=within, check=False,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the recorded program ended with {done.returncode}: {(done.stdout + done.stderr)[-6000:]}")


def events(out: Path, folder: Path, marks: Path) -> Iterator[Event]:
    """Changes of names and bytes below `folder`, and the lines of JSON that were written to `marks`."""
    return _Reader(str(folder), str(marks)).read(out)


def _bytes(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(b"\\x", b"").decode())


class _Reader:
    def __init__(self, folder: str, marks: str) -> None:
        self.folder, self.marks = folder, marks
        self.offsets: dict[tuple[int, str], int] = {}
        """The position of the next `write`, by descriptor and path."""
        self.appending: set[tuple[int, str]] = set()
        self.names: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.begun: dict[bytes, bytes] = {}

    def read(self, out: Path) -> Iterator[Event]:
        with out.open("rb") as file:
            for line in file:
                if (whole := self._whole(line.rstrip(b"\n"))) and (call := _CALL.match(whole)):
                    name, arguments, result, more = call.groups()
                    if not result.startswith(b"-"):
                        yield from self._event(name.decode(), arguments, int(result, 0), more)

    def _whole(self, line: bytes) -> bytes | None:
        """strace splits a call that another thread interrupts into two lines."""
        found = _LINE.match(line)
        if not found:
            return None
        thread, text = found.groups()
        if text.endswith(b"<unfinished ...>"):
            self.begun[thread] = text.removesuffix(b"<unfinished ...>")
            return None
        if text.startswith(b"<... ") and b" resumed>" in text[:60]:
            return self.begun.pop(thread, b"") + text.partition(b" resumed>")[2]
        return text

    def _event(self, name: str, arguments: bytes, result: int, more: bytes) -> Iterator[Event]:
        if name in ("open", "openat", "creat"):
            yield from self._open(arguments, result, more, creat=name == "creat")
        elif name in _BY_DESCRIPTOR:
            if found := _DESCRIPTOR.match(arguments):
                path = _bytes(found[2]).decode()
                if path == self.marks and name == "write":
                    for line in self._data(arguments).splitlines():
                        yield Event("mark", told=json.loads(line))
                elif self._ours(path) and not found[3]:
                    yield from self._by_descriptor(name, int(found[1]), path, arguments[found.end() :], result)
        elif name in ("sync", "syncfs"):
            raise Unknown(f"{name}: nothing in a cloud should need it")
        elif name in ("copy_file_range", "sendfile", "splice"):
            if any(self._ours(_bytes(found[2]).decode()) for found in _DESCRIPTOR.finditer(arguments)):
                raise Unknown(f"{name} on a file of the cloud")
        elif name == "truncate":
            path = self._paths(arguments)[0]
            if self._ours(path):
                yield Event("truncate", path, size=int(arguments.rpartition(b",")[2]))
        elif name != "io_uring_setup":
            yield from self._names(name, arguments)

    def _open(self, arguments: bytes, result: int, more: bytes, *, creat: bool) -> Iterator[Event]:
        opened = _DESCRIPTOR.match(b"%d%s" % (result, more))
        if not opened:
            return
        path = _bytes(opened[2]).decode()
        if not self._ours(path):
            return
        self.offsets[result, path] = 0
        (self.appending.add if b"O_APPEND" in arguments else self.appending.discard)((result, path))
        if (creat or b"O_CREAT" in arguments) and path not in self.names:
            self.names.add(path)
            yield Event("create", path)
        elif b"O_TMPFILE" in arguments:
            raise Unknown("a file without a name")
        elif creat or b"O_TRUNC" in arguments:
            self.sizes[path] = 0
            yield Event("truncate", path, size=0)

    def _by_descriptor(self, name: str, number: int, path: str, rest: bytes, result: int) -> Iterator[Event]:
        key = (number, path)
        if name in ("fsync", "fdatasync"):
            yield Event("sync", path)
        elif name == "lseek":
            self.offsets[key] = result
        elif name == "ioctl":
            if b"CLONE" in rest:
                raise Unknown("a cloned file")
        elif name == "ftruncate":
            self.sizes[path] = int(rest.rpartition(b",")[2])
            yield Event("truncate", path, size=self.sizes[path])
        elif name == "fallocate":
            how, offset, size = (word.strip() for word in rest.lstrip(b",").split(b","))
            if b"PUNCH_HOLE" in how or b"ZERO_RANGE" in how:
                yield Event("punch", path, offset=int(offset), size=int(size))
            elif b"KEEP_SIZE" not in how:
                yield Event("grow", path, size=int(offset) + int(size))
        else:
            data = self._data(rest)[:result]
            if name in ("write", "writev"):
                offset = self.sizes.get(path, 0) if key in self.appending else self.offsets.get(key, 0)
                self.offsets[key] = offset + result
            else:
                words = rest[rest.rfind(b'"') :].rstrip(b")").split(b",")
                offset = int(words[-1]) if name != "pwritev2" else int(words[-2])
            self.sizes[path] = max(self.sizes.get(path, 0), offset + len(data))
            yield Event("write", path, offset=offset, data=data)

    def _data(self, rest: bytes) -> bytes:
        return b"".join(_bytes(found) for found in _TEXT.findall(rest))

    def _paths(self, arguments: bytes) -> list[str]:
        """The names in a call. Each is relative to the descriptor before it."""
        found, under = [], "/"
        for part in re.finditer(rb'"(?:\\x[0-9a-f]{2})*"|(?:\d+|AT_FDCWD)<(?:\\x[0-9a-f]{2})*>', arguments):
            if part[0].startswith(b'"'):
                found.append(os.path.normpath(os.path.join(under, _bytes(part[0][1:-1]).decode())))
            else:
                under = _bytes(part[0].partition(b"<")[2][:-1]).decode()
        return found

    def _names(self, name: str, arguments: bytes) -> Iterator[Event]:
        paths = self._paths(arguments)
        if not any(self._ours(path) for path in paths):
            return
        kind = {"renameat": "rename", "renameat2": "rename", "linkat": "link", "mkdirat": "mkdir", "symlinkat": "symlink",
                "unlinkat": "rmdir" if b"AT_REMOVEDIR" in arguments else "unlink"}.get(name, name)  # fmt: skip
        if kind == "symlink" or b"RENAME_" in arguments:
            raise Unknown(f"{name}: {paths}")
        if kind in ("link", "rename"):
            if not all(self._ours(path) for path in paths):
                raise Unknown(f"{name} into or out of the folder: {paths}")
            self.names.add(paths[1])
            self.sizes[paths[1]] = self.sizes.get(paths[0], 0)
        if kind in ("rename", "unlink"):
            self.names.discard(paths[0])
            self.sizes.pop(paths[0], None) if kind == "unlink" else None
        yield Event(kind, paths[0], to=paths[1] if len(paths) > 1 else "")

    def _ours(self, path: str) -> bool:
        return path.startswith(self.folder + "/") or path == self.folder
