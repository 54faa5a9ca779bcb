"""The store of accounts, containers, objects and their bytes. API workers read from it; the streams process writes to it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import msgspec

from kumoi.kernel.errors import EngineRefused

T = TypeVar("T")


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
    bytes: int = 0
    metadata: dict[str, str] = {}


class Container(msgspec.Struct, kw_only=True):
    id: int
    """Never given to another container, also not to a later one of this name."""
    account: str
    name: str
    created_at: int
    changed_at: int
    """When its objects or its metadata changed last."""
    policy: str = ""
    objects: int = 0
    bytes: int = 0
    metadata: dict[str, str] = {}


class Object(msgspec.Struct, kw_only=True):
    name: str
    size: int
    etag: str
    content_type: str
    at: int
    """Of its last change."""
    entry: str
    """What a listing shows of it: the engine keeps it and gives it back, joined with others."""
    metadata: dict[str, str] = {}
    delete_at: int | None = None
    """Seconds since the epoch."""
    place: str | None = None
    """Where its bytes lie; None: beside its name."""


class Listed(msgspec.Struct):
    """One line of a listing. `entry` None: what names with this beginning were rolled up into."""

    name: str
    entry: str | None


class Page(msgspec.Struct, kw_only=True):
    """Which part of a sorted list is asked for. Names are compared by their UTF-8 bytes; empty bounds are none."""

    limit: int
    prefix: str = ""
    delimiter: str = ""
    marker: str = ""
    """Names begin behind it."""
    end_marker: str = ""
    reverse: bool = False
    flat: bool = False
    """With a delimiter: names that would be rolled up are left out instead."""


class Stored(msgspec.Struct, frozen=True):
    """Bytes that came whole. They belong to nobody until a transaction gives them to an object."""

    size: int
    etag: str
    """MD5, hexadecimal, as the API has it. It is no protection."""
    data: bytes | None
    """The bytes themselves, if they are few."""
    place: str | None
    """Where they lie durably, if they are many."""


class Writer(Protocol):
    """The bytes of one object as they come. Afterwards it is told whether an object has them, by `keep` or `discard`."""

    def write(self, data: bytes) -> None:
        """ObjectsError, NoRoom."""

    def finish(self) -> Stored:
        """Many bytes are durable when this returns; few become so with the transaction that takes them."""

    def keep(self) -> None:
        """The transaction that gave them to an object is durable."""

    def discard(self) -> None:
        """Nobody wants them. Does nothing after `keep`, and when called again."""


class Reading(Protocol):
    """One consistent instant."""

    now: int

    def account(self, name: str) -> Account | None: ...

    def container(self, account: str, name: str) -> Container | None: ...

    def object(self, container: Container, name: str) -> Object | None: ...

    def data(self, container: Container, name: str) -> bytes:
        """The bytes of an object without a place; ObjectsError when there are none."""

    def containers(self, account: str, page: Page) -> list[tuple[str, Container | None]]:
        """Names in order; None: rolled up."""

    def objects(self, container: Container, page: Page) -> list[Listed]: ...

    def names(self, container: Container, page: Page) -> str:
        """The names of a page without a delimiter, each with a newline behind it."""

    def entries(self, container: Container, page: Page) -> str:
        """The entries of a page without a delimiter, with commas between them."""

    def expired(self, until: int, most: int) -> list[tuple[Container, str]]:
        """Objects whose `delete_at` is not after `until`."""


class Writing(Reading, Protocol):
    """Changes that are all made, durably, or not at all. What `work` raises takes back its own changes only."""

    def put_account(self, name: str, metadata: dict[str, str]) -> Account:
        """Make it, or give it this metadata."""

    def remove_account(self, name: str) -> None:
        """It has no containers any more: the caller looked."""

    def put_container(self, account: str, name: str, metadata: dict[str, str], policy: str) -> Container:
        """Make it, with its account where that is missing, or give it this metadata; the policy stays that of its first
        time."""

    def remove_container(self, container: Container) -> None:
        """It has no objects any more: the caller looked."""

    def put_object(self, container: Container, object: Object, stored: Stored | None) -> None:
        """In place of one with its name. `stored` None: that one's bytes stay, and `object.place` is theirs."""

    def remove_object(self, container: Container, name: str) -> bool:
        """False: there is none."""


class ObjectStore(Protocol):
    def read(self, work: Callable[[Reading], T]) -> T: ...

    def write(self, work: Callable[[Writing], T]) -> "Future[T]":
        """Run `work` in a transaction, maybe together with that of others, maybe twice. The changes are durable when the
        future has its result. NoRoom, ObjectsError."""

    def begin(self) -> Writer: ...

    def path(self, place: str) -> Path:
        """Where the bytes lie, for the front; ObjectsError when they are gone."""

    def open(self, place: str) -> BinaryIO:
        """ObjectsError when they are gone. Bytes that are being read stay readable."""

    def tidy(self) -> list[str]:
        """Remove bytes that nobody wants any more; tell of those that should not have been there."""

    def differences(self) -> Iterator[tuple[str, str]]:
        """(what, problem): where the names, the counters and the bytes disagree."""

    def close(self) -> None: ...
