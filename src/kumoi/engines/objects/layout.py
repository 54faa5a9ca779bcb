"""The disks and the storage policies of an object store, from its settings."""

import re
from pathlib import Path

import msgspec

from kumoi.engines.objects.interface import DEFAULT

HOME = "home"
"""The name of the store's own folder among the disks. It holds one copy of the index, and the bytes of containers whose
policy is `default`, unless that one is among the settings."""
_DISK = re.compile(r"[a-z0-9]{1,16}")
_POLICY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")
_SHAPE = re.compile(r"(\d{1,2})(?:\+(\d{1,2}))?")
MOST = 32
"""Files of one object."""


class Policy(msgspec.Struct, frozen=True):
    """How the bytes of large objects are stored. `parity` 0: `data` whole copies; otherwise erasure coding, any `data` of all
    fragments suffice to read."""

    name: str
    data: int
    parity: int = 0

    @property
    def coded(self) -> bool:
        return self.parity > 0

    @property
    def width(self) -> int:
        """Disks of one object."""
        return self.data + self.parity

    @property
    def enough(self) -> int:
        """Durable files without which a PUT is refused."""
        return self.data + 1 if self.coded else self.data // 2 + 1


class Place(msgspec.Struct, frozen=True):
    """Where the bytes of a large object are on several disks. Its text is what the index stores."""

    id: str
    shape: str
    """Of its policy when it was written: `3`, or `4.2`."""
    size: int
    md5: str
    """Of all bytes: in S3 an object's ETag may be another."""
    disks: tuple[str, ...]
    """In the order of the fragments."""

    @property
    def text(self) -> str:
        return f"{self.id}-{self.shape}-{self.size}-{self.md5}-{','.join(self.disks)}"

    @property
    def policy(self) -> Policy:
        data, _, parity = self.shape.partition(".")
        return Policy("", int(data), int(parity or 0))


def place_of(text: str) -> Place | None:
    """None: it is on one disk, in the store's own folder."""
    id, dash, rest = text.partition("-")
    if not dash:
        return None
    shape, size, md5, disks = rest.split("-")
    return Place(id, shape, int(size), md5, tuple(disks.split(",")))


class Layout(msgspec.Struct, frozen=True):
    disks: dict[str, Path] = {}
    policies: dict[str, Policy] = {}
    scrub_days: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Of all policies; the default one is first."""
        return (DEFAULT, *(name for name in self.policies if name != DEFAULT))


ONE_DISK = Layout()


def parse(disks: str, policies: str, scrub_days: int = 0) -> Layout:
    """ValueError, which names the setting."""
    places: dict[str, Path] = {}
    for name, path in _pairs("object_disks", disks):
        if not _DISK.fullmatch(name) or name == HOME:
            raise ValueError(f"object_disks: {name!r} is no name of a disk: 1 to 16 of a-z and 0-9, not {HOME}")
        if not path.startswith("/") or Path(path) in places.values():
            raise ValueError(f"object_disks: {path!r} of {name} is no absolute path, or is another disk's too")
        places[name] = Path(path)
    found: dict[str, Policy] = {}
    for name, text in _pairs("object_policies", policies):
        shape = _SHAPE.fullmatch(text)
        if not _POLICY.fullmatch(name) or name.lower() in map(str.lower, found):
            raise ValueError(f"object_policies: {name!r} is no name of a policy, or is there twice")
        if name.lower() == DEFAULT:
            name = DEFAULT
        if shape is None or int(shape[1]) < 1 or shape[2] == "0":
            raise ValueError(
                f"object_policies: {name}={text}: give a number of copies, such as 3, or fragments, such as 4+2"
            )
        policy = Policy(name, int(shape[1]), int(shape[2] or 0))
        if policy.width > MOST:
            raise ValueError(f"object_policies: {name}={text}: at most {MOST} disks are used for one object")
        if policy.width > len(places):
            raise ValueError(
                f"object_policies: {name}={text} needs {policy.width} disks, but object_disks has {len(places)}"
            )
        found[name] = policy
    return Layout(places, found, scrub_days)


def _pairs(setting: str, text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals or name in dict(found):
            raise ValueError(f"{setting}: {part!r} is not NAME=VALUE, or its name is there twice")
        found.append((name, value))
    return found
