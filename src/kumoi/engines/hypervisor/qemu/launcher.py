"""Becomes a guest's QEMU: `python -I -S launcher.py PLAN QEMU ARGUMENTS…`, started as root with only the guest's
descriptors. It is a separate program, because a process with threads cannot do this between fork and exec. It imports
only the standard library, so that it starts quickly.

The plan is a JSON object: `uid`, `groups`; `control_group`: a folder of cgroup v2 or null; `own`: folders that the
guest may write; `shared`: folders that it may read; `covered`: folders in which it sees only its `own`.
"""

import ctypes
import json
import os
import resource
import sys
from typing import Any

_NEW_MOUNTS, _BIND, _RECURSIVE, _SLAVE = 0x20000, 0x1000, 0x4000, 0x80000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _CLEAR_ALL = 24, 38, 47, 4

library = ctypes.CDLL(None, use_errno=True)


class Attributes(ctypes.Structure):
    """The kernel's struct mount_attr."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


def call(name: str, *arguments: object) -> None:
    if getattr(library, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    call("mount", source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode())


def change_attributes(path: str, how: int, to_set: int, to_clear: int) -> None:
    attributes = Attributes(to_set, to_clear, 0, 0)
    call("syscall", _MOUNT_SETATTR, _AT_FDCWD, path.encode(), how, ctypes.byref(attributes), ctypes.sizeof(attributes))


def separate(own: list[str], shared: list[str], covered: list[str]) -> None:
    """Enter a mount namespace in which the cloud's other folders are empty, and everything except `own` and `shared` is
    read-only. OSError if the kernel or a container does not allow it."""
    call("unshare", _NEW_MOUNTS)
    mount("none", "/", "", _RECURSIVE | _SLAVE)
    opened = {path: os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC) for path in own}
    for folder in covered:
        if os.path.isdir(folder):
            mount("none", folder, "tmpfs", _NO_SUID | _NO_DEVICES | _NO_PROGRAMS, "mode=711,size=64k")
    for path, handle in opened.items():
        os.makedirs(path, mode=0o711, exist_ok=True)
        mount(f"/proc/self/fd/{handle}", path, "", _BIND)
        os.close(handle)
    for path in shared:
        mount(path, path, "", _BIND)
    change_attributes("/", _AT_RECURSIVE, _READ_ONLY | _NO_SUID, 0)
    for path in (*own, *shared):
        change_attributes(path, 0, 0, _READ_ONLY)


def give_up_privileges(uid: int, groups: list[int]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for capability in range(last + 1):
        call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
    call("prctl", _PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    os.setgroups(groups)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def main(plan: dict[str, Any], arguments: list[str]) -> None:
    os.umask(0o022)
    if plan["control_group"]:
        try:
            with open(os.path.join(plan["control_group"], "cgroup.procs"), "w") as file:
                file.write("0")
        except OSError as error:
            print(f"the guest has no limits: {error}", file=sys.stderr, flush=True)
    try:
        separate(plan["own"], plan["shared"], plan["covered"])
    except OSError as error:
        print(f"the guest has no mount namespace of its own: {error}", file=sys.stderr, flush=True)
    give_up_privileges(plan["uid"], plan["groups"])
    os.umask(0o077)
    os.chdir("/")
    os.execvp(arguments[0], arguments)  # noqa: S606


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]), sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error}")
