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

_CLONE_NEWNS, _MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = 0x20000, 0x1000, 0x2000, 0x4000, 0x40000
_PR_SET_NO_NEW_PRIVS = 38
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
            _become(process.user, data)
        os.umask(0o027)
        os.chdir("/")
        os.execvpe(process.argv[0], process.argv, {**_PLAIN, **process.environment})  # noqa: S606
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"cannot start {process.name}: {type(error).__name__}: {error}\n".encode())
        os._exit(127)


def _become(user: str, data: Path) -> None:
    account = pwd.getpwnam(user)
    closed = closed_to(account.pw_uid, account.pw_gid, (*program_trees(), data))
    if closed:
        _open_a_way(closed, data / "run" / f"way-{os.getpid()}")
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    # Programs that it starts gain no privileges from setuid bits or file capabilities.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")


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
    _call("unshare", _CLONE_NEWNS)
    _mount("none", Path("/"), "", _MS_REC | _MS_PRIVATE)
    for folder, trees in closed.items():
        place.mkdir(mode=0o755, exist_ok=True)
        _mount("tmpfs", place, "tmpfs", 0, "mode=755,size=1m")
        for tree in trees:
            inside = place / tree.relative_to(folder)
            inside.mkdir(mode=0o755, parents=True, exist_ok=True)
            _mount(str(tree), inside, "", _MS_BIND)
        _mount(str(place), folder, "", _MS_MOVE)
        place.rmdir()


def _mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    _call(
        "mount", source.encode(), str(target).encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode()
    )


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
