"""Starts one process: as its user, in its own session, with its log, and with access to the program's folder."""

import contextlib
import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from kumoi.kernel.processes import Process

_CLONE_NEWNS, _MS_BIND, _MS_MOVE, _MS_REC, _MS_SLAVE = 0x20000, 0x1000, 0x2000, 0x4000, 0x80000
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _READ_ONLY, _NO_SUID = 442, -100, 0x8000, 1, 2
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_LAST_CAPABILITY = Path("/proc/sys/kernel/cap_last_cap")
_OF_EVERYBODY = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108
"""Folders in which every process may write, as far as the modes of files allow it."""
_PUT_OFF = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE)
_PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/"}


def start(process: Process, log: Path, data: Path) -> int:
    """The pid of the started process. If it cannot start, its log has the reason and it exits with status 127."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    # A termination signal would be lost in the child before it removes the supervisor's handlers.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PUT_OFF)
    try:
        child = os.fork()
    except OSError:
        os.close(output)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    if child:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(output)
        return child
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.closerange(3, 4096)
        for number in _PUT_OFF:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.umask(0o022)
        if process.user is not None and os.geteuid() == 0:
            _become(process.user, data, process.writable)
        gain_no_privileges()
        os.umask(0o027)
        os.chdir("/")
        os.execvpe(process.argv[0], process.argv, {**_PLAIN, **process.environment})  # noqa: S606
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"cannot start {process.name}: {type(error).__name__}: {error}\n".encode())
        os._exit(127)


def _become(user: str, data: Path, writable: Sequence[Path]) -> None:
    account = pwd.getpwnam(user)
    closed = closed_to(account.pw_uid, account.pw_gid, (*program_trees(), data))
    if closed:
        _separate()
        _open_a_way(closed, data / "run" / f"way-{os.getpid()}")
    if writable:
        _make_read_only(data, writable, separate=not closed)
    for capability in range(int(_LAST_CAPABILITY.read_text()) + 1):
        _call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def gain_no_privileges() -> None:
    """Programs that this process starts gain no privileges from setuid bits or file capabilities."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def program_trees() -> tuple[Path, ...]:
    """The folders that a Python of this cloud reads: the interpreter's, the virtual environment and the source."""
    here = Path(__file__).resolve()
    return tuple(dict.fromkeys((Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), here.parents[2])))


def closed_to(uid: int, gid: int, trees: Sequence[Path]) -> dict[Path, list[Path]]:
    """The topmost folders that a user may not enter, each with the trees below it that the user needs."""
    closed: dict[Path, list[Path]] = {}
    for tree in trees:
        for folder in reversed(tree.parents):
            found = folder.stat()
            bit = 0o100 if found.st_uid == uid else 0o010 if found.st_gid == gid else 0o001
            if not found.st_mode & bit:
                closed.setdefault(folder, []).append(tree)
                break
    return closed


def _open_a_way(closed: dict[Path, list[Path]], place: Path) -> None:
    """In a mount namespace of this process, cover each closed folder with one that contains only the needed trees.

    So a clone below /root (mode 700) works without opening /root to anybody.
    """
    for folder, trees in closed.items():
        place.mkdir(mode=0o755, exist_ok=True)
        _mount("tmpfs", place, "tmpfs", 0, "mode=755,size=1m")
        for tree in trees:
            inside = place / tree.relative_to(folder)
            inside.mkdir(mode=0o755, parents=True, exist_ok=True)
            _mount(str(tree), inside, "", _MS_BIND)
        _mount(str(place), folder, "", _MS_MOVE)
        place.rmdir()


def _separate() -> None:
    """A mount namespace of this process alone. What the machine unmounts is unmounted here, too, or a removed network
    namespace would go on until this process ends."""
    _call("unshare", _CLONE_NEWNS)
    _mount("none", Path("/"), "", _MS_REC | _MS_SLAVE)


def _make_read_only(data: Path, writable: Sequence[Path], *, separate: bool) -> None:
    """Make everything read-only but these folders and those of everybody. If a container allows no mount namespace, the
    modes of files are the only limit."""
    try:
        if separate:
            _separate()
        free = [path for path in (*_OF_EVERYBODY, *writable) if path.is_dir() and not path.is_symlink()]
        # The data folder may be inside one of these, and writable folders may be inside the data folder.
        for path in (*_OF_EVERYBODY, data, *writable):
            if path == data or path in free:
                _mount(str(path), path, "", _MS_BIND)
        _change_mounts(Path("/"), _AT_RECURSIVE, _READ_ONLY | _NO_SUID, 0)
        for path in free:
            _change_mounts(path, 0, 0, _READ_ONLY)
    except OSError as error:
        os.write(2, f"files are not read-only for this process: {error}\n".encode())


def _change_mounts(path: Path, how: int, to_set: int, to_clear: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(to_set, to_clear, 0, 0)
    _call(
        "syscall", _MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), how, ctypes.byref(attributes),
        ctypes.sizeof(attributes),
    )  # fmt: skip


def _mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    _call(
        "mount", source.encode(), str(target).encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode()
    )


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
