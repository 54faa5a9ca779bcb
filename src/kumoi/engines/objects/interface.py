"""The store of accounts, containers, objects and their bytes. API workers read from it; the streams process writes to it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import msgspec

from kumoi.kernel.errors import EngineRefused

T = TypeVar("T")
DEFAULT = "default"
"""The storage policy that a container has without a name of one."""


class ObjectsError(EngineRefused):
    """The bytes could not be stored or found. The text is for the person who made the request."""


class NoRoom(ObjectsError):
    """The disk is full. Nothing was changed."""


class Account(msgspec.Struct, kw_only=True):
    """Counters are exact at each instant."""

    name: str
    created_at: int
    containers: int = 0
    objects: int = 0
    """With old versions and delete markers."""
    bytes: int = 0
    metadata: dict[str, str] = {}


class Versioning(StrEnum):
    """Whether a container keeps old versions of its objects."""

    OFF = ""
    """It never did."""
    ENABLED = "enabled"
    SUSPENDED = "suspended"
    """Those that it has stay. New objects are null versions."""


RESOLUTION = 10
"""Microseconds. Instants in a transaction are multiples of it, because the API's timestamps are."""
FOLLOWED = "sysmeta-followed"
"""The key in a container's metadata that says what is recorded of its objects: one of `Follow`; none: nothing."""


class Follow:
    CHANGES = "changes"
    """Each change, until it is settled; and removals, until they are forgotten."""
    REMOVALS = "removals"
    """Only when an object was removed."""


class Change(msgspec.Struct, frozen=True):
    """An object's last change, in a container that is followed."""

    id: int
    """Rises with each change."""
    name: str
    at: int
    gone: bool


class Container(msgspec.Struct, kw_only=True):
    id: int
    """Never reused, not even for a later container with the same name."""
    account: str
    name: str
    created_at: int
    changed_at: int
    """The last change of its objects or its metadata."""
    policy: str = ""
    objects: int = 0
    """Current ones."""
    bytes: int = 0
    """Also of old versions."""
    versions: int = 0
    """Old ones, and delete markers."""
    versioning: Versioning = Versioning.OFF
    metadata: dict[str, str] = {}


class Object(msgspec.Struct, kw_only=True):
    name: str
    size: int
    etag: str
    content_type: str
    at: int
    """Of its last change."""
    entry: str
    """Its entry in lists. The engine stores it and returns it, joined with others."""
    metadata: dict[str, str] = {}
    delete_at: int | None = None
    """Seconds since the epoch."""
    place: str | None = None
    """The place of its bytes; None: they are stored with its name."""
    version: int = 0
    """A number that grows from each version of a name to the next; 0: older than the versions of its container."""
    named: bool = False
    """Its version has an id. A name has at most one without, its null version."""
    old: bool = False
    """It is not what its name stands for."""
    marker: bool = False
    """A delete marker, which is always old: the object was deleted then."""


class Listed(msgspec.Struct):
    """One line of a list. `entry` None: the prefix to which names were rolled up."""

    name: str
    entry: str | None


class Page(msgspec.Struct, kw_only=True):
    """The requested part of a sorted list. Names are compared by their UTF-8 bytes; an empty bound is no bound."""

    limit: int
    prefix: str = ""
    delimiter: str = ""
    marker: str = ""
    """Names after this one."""
    end_marker: str = ""
    reverse: bool = False
    flat: bool = False
    """With a delimiter: rolled-up names are left out."""


class VersionPage(Page, kw_only=True):
    """Of a list of versions, in which the newest one of a name is the first."""

    version_marker: int | None = None
    """With `marker`: also the versions of that name after this one."""


class ListedVersion(msgspec.Struct):
    """One line of a list of versions."""

    name: str
    entry: str | None
    version: int = 0
    named: bool = False
    marker: bool = False
    latest: bool = False
    """It is the current object, or the delete marker that stands for there being none."""


class Stored(msgspec.Struct, frozen=True):
    """Complete bytes. They have no owner until a transaction gives them to an object."""

    size: int
    etag: str
    """MD5, hexadecimal, as in the API. It is no protection against attacks."""
    data: bytes | None
    """The bytes themselves, if they are few."""
    place: str | None
    """Their durable place, if they are large."""


class Told(msgspec.Struct, frozen=True):
    """Something that happened to a disk or to what is on it, for the events."""

    kind: str
    what: str
    """A disk, or a place."""
    problem: str


class Writer(Protocol):
    """Receives the bytes of one object. Afterwards `keep` or `discard` reports whether an object has them."""

    def write(self, *data: bytes) -> None:
        """Pieces in their order. ObjectsError, NoRoom."""

    def finish(self) -> Stored:
        """Large bytes are durable when this returns. Small ones become durable with the transaction that takes them."""

    def keep(self) -> None:
        """The transaction that gave them to an object is durable."""

    def discard(self) -> None:
        """The bytes are not needed. Does nothing after `keep`, and when called again."""


class Reading(Protocol):
    """One consistent instant."""

    now: int

    def account(self, name: str) -> Account | None: ...

    def container(self, account: str, name: str) -> Container | None: ...

    def object(self, container: Container, name: str) -> Object | None: ...

    def data(self, container: Container, name: str, version: int | None = None) -> bytes:
        """The bytes of an object without a place; ObjectsError when there are none. `version`: of this version of it."""

    def version(self, container: Container, name: str, number: int | None) -> Object | None:
        """A version of an object, also the current one; None: its null version."""

    def newest_version(self, container: Container, name: str) -> Object | None:
        """The newest old version, or a delete marker."""

    def versions(self, container: Container, page: VersionPage) -> list[ListedVersion]: ...

    def containers(self, account: str, page: Page) -> list[tuple[str, Container | None]]:
        """Names in order; None: rolled up."""

    def by_policy(self, account: str) -> dict[str, tuple[int, int, int]]:
        """Policy → (containers, objects, bytes) of an account; without the policy `default`, which has the rest."""

    def objects(self, container: Container, page: Page) -> list[Listed]: ...

    def names(self, container: Container, page: Page) -> bytes:
        """In UTF-8: the names of a page without a delimiter, each with a newline behind it."""

    def entries(self, container: Container, page: Page) -> bytes:
        """In UTF-8: the entries of a page without a delimiter, with commas between them."""

    def expired(self, until: int, most: int) -> list[tuple[Container, str]]:
        """Objects whose `delete_at` is not after `until`."""

    def changes(self, container: Container, after: int, most: int) -> list[Change]:
        """Recorded changes with a higher id than `after` that wait to be settled, in their order."""

    def removed_at(self, container: Container, name: str) -> int | None:
        """When an object was removed that is not there again, if that was recorded."""

    def followers(self) -> list[tuple[Container, bytes]]:
        """Containers with what `put_follower` kept."""

    def follower(self, container: Container) -> bytes | None: ...


class Writing(Reading, Protocol):
    """Changes that are all made, durably, or not at all. An exception of `work` undoes only its own changes."""

    def put_account(self, name: str, metadata: dict[str, str]) -> Account:
        """Create it, or set this metadata."""

    def remove_account(self, name: str) -> None:
        """The caller has checked that it has no containers."""

    def put_container(self, account: str, name: str, metadata: dict[str, str], policy: str) -> Container:
        """Create it, with its account if that does not exist, or set this metadata. The policy stays that of its
        creation."""

    def remove_container(self, container: Container) -> None:
        """The caller has checked that it has no objects."""

    def set_versioning(self, container: Container, versioning: Versioning) -> None: ...

    def put_object(self, container: Container, object: Object, stored: Stored | None) -> None:
        """Replaces an object with the same name, or keeps it as an old version, as the container says; `object` learns its
        version. `stored` None: that version's bytes stay, and `object.place` is theirs."""

    def move_object(self, container: Container, name: str, to: Container, object: Object) -> None:
        """Its bytes become those of `object` in `to`, in place of one with that name; it has some."""

    def remove_object(self, container: Container, name: str, at: int | None = None) -> bool:
        """The current one, which becomes no old version. False: there is none. `at`: when it was removed, if not now."""

    def put_follower(self, container: Container, state: bytes | None) -> None:
        """Keep with a container how far a copy of it is; None: no longer. It goes with the container."""

    def note_change(self, container: Container, change: Change) -> None:
        """Record a change, with a new id, in place of an earlier one of the same object."""

    def settle_change(self, container: Container, change: Change, *, again: bool) -> None:
        """It no longer waits, or with `again` waits behind all others. Does nothing after a later change of the object."""

    def forget_changes(self, until: int, most: int) -> None:
        """Removals before `until`, and changes of containers that are gone."""

    def keep_version(self, container: Container, name: str) -> None:
        """The current object, if there is one, becomes an old version, which does not expire. There is none then."""

    def put_marker(self, container: Container, marker: Object) -> None:
        """Delete a name in a container with versions: its current object becomes an old version, or goes if it is a null
        version that the marker replaces."""

    def remove_version(self, container: Container, object: Object) -> None:
        """Of those that `version` gave."""

    def restore_version(self, container: Container, object: Object) -> None:
        """An old version, no delete marker, becomes the current object in place of the one that is."""


class ObjectStore(Protocol):
    def read(self, work: Callable[[Reading], T]) -> T: ...

    def write(self, work: Callable[[Writing], T], *, frees: bool = False) -> "Future[T]":
        """Run `work` in a transaction, maybe together with that of others, maybe twice. The changes are durable when the
        future has its result. NoRoom, ObjectsError. `frees`: it removes, and so may use the reserve of the disk."""

    def policies(self) -> tuple[str, ...]:
        """The names of all storage policies; first that of containers which were created without one."""

    def begin(self, policy: str = "") -> Writer:
        """`policy`: the container's; empty or unknown: the default one. NoRoom, ObjectsError, also from `write`."""

    def is_used(self) -> bool:
        """Whether anybody has ever asked it for something. To ask this is not to use it."""

    def path(self, place: str) -> Path:
        """The path of the bytes, for the front; ObjectsError if they are gone."""

    def sent_from(self, place: str) -> str | None:
        """The path of the bytes below the front's `/_objects/`; None: the front cannot send them."""

    def open(self, place: str) -> BinaryIO:
        """ObjectsError if they are gone. Bytes that are being read stay readable."""

    def tidy(self) -> list[str]:
        """Remove unneeded bytes. Returns those that should not have existed."""

    def mend(self) -> list[Told]:
        """Notice which disks went and came, and make what is missing on those that are there."""

    def scrub(self) -> list[Told]:
        """Read a part of all bytes, and mend what has rotted."""

    def differences(self) -> Iterator[tuple[str, str]]:
        """(what, problem): differences between names, counters and bytes."""

    def close(self) -> None: ...
