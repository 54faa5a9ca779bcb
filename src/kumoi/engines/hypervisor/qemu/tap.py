"""Opens a tap for QEMU, which then needs neither a privilege nor /dev/net/tun."""

import fcntl
import os
import struct
from pathlib import Path

_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_IFF_VNET_HDR = 0x4000


def exists(name: str) -> bool:
    return Path("/sys/class/net", name).exists()


def open_tap(name: str) -> int:
    """A file descriptor of the tap's guest end; OSError when the tap is absent or held by another program."""
    if not exists(name):
        raise FileNotFoundError(f"there is no tap {name}")
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
