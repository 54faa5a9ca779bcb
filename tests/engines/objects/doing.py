"""What tests do with an object store."""

from typing import Any

from kumoi.engines.objects.interface import (
    FOLLOWED,
    Change,
    Container,
    Object,
    ObjectStore,
    Reading,
    Stored,
    Versioning,
    VersionPage,
    Writer,
    Writing,
)

LARGE = bytes(range(256)) * 1000


def container(store: ObjectStore, name: str = "c") -> Container:
    return store.write(lambda tx: tx.put_container("a", name, {}, store.policies()[-1])).result()


def described(name: str, stored: Stored | None, **more: Any) -> Object:
    size, etag = (stored.size, stored.etag) if stored else (0, "e")
    return Object(name=name, size=size, etag=etag, content_type="t", at=1, entry=f'"{name}"', **more)


def poured(store: ObjectStore, data: bytes) -> tuple[Writer, Stored]:
    writer = store.begin(store.policies()[-1])
    for begin in range(0, len(data), 50_000):
        writer.write(data[begin : begin + 50_000])
    return writer, writer.finish()


def put(store: ObjectStore, where: Container, name: str, data: bytes = b"bytes", **more: Any) -> Stored:
    writer, stored = poured(store, data)
    store.write(lambda tx: tx.put_object(where, described(name, stored, **more), stored)).result()
    writer.keep()
    return stored


def fill(store: ObjectStore, where: Container, *names: str) -> None:
    def work(tx: Writing) -> None:
        for name in names:
            stored = Stored(1, "e", b"x", None)
            tx.put_object(where, described(name, stored), stored)

    store.write(work).result()


def followed(store: ObjectStore, follow: str, name: str = "c") -> Container:
    return store.write(lambda tx: tx.put_container("a", name, {FOLLOWED: follow}, "default")).result()


def waiting(store: ObjectStore, where: Container) -> list[Change]:
    return store.read(lambda tx: tx.changes(where, 0, 9))


def settle(store: ObjectStore, where: Container, change: Change) -> None:
    store.write(lambda tx: tx.settle_change(where, change, again=False)).result()


def content(store: ObjectStore, where: Container, name: str) -> bytes | None:
    found = store.read(lambda tx: tx.object(where, name))
    if found is None:
        return None
    if found.place is None:
        return store.read(lambda tx: tx.data(where, name))
    with store.open(found.place) as file:
        return file.read()


def keeping(store: ObjectStore, versioning: Versioning = Versioning.ENABLED, name: str = "c") -> Container:
    """The container, which keeps versions."""
    where = container(store, name)
    store.write(lambda tx: tx.set_versioning(where, versioning)).result()
    return container(store, name)


def delete(store: ObjectStore, where: Container, name: str) -> None:
    store.write(lambda tx: tx.put_marker(where, described(name, Stored(0, "e", b"", None)))).result()


def listed(store: ObjectStore, where: Container, **page: Any) -> str:
    """`name:bytes`, the newest first; `*` for the current one, `-` for delete markers, `?` for null versions."""

    def show(tx: Reading) -> list[str]:
        shown = []
        for each in tx.versions(where, VersionPage(**{"limit": 100, **page})):
            if each.entry is None:
                shown.append(f"[{each.name}]")
                continue
            found = tx.version(where, each.name, each.version)
            assert found is not None and (found.version, found.named) == (each.version, each.named)
            data = "-" if each.marker else str(found.size)
            shown.append(f"{each.name}:{data}{'' if each.named else '?'}{'*' if each.latest else ''}")
        return shown

    return " ".join(store.read(show))


def counted(store: ObjectStore, name: str = "c") -> tuple[int, int, int, int]:
    def look(tx: Reading) -> tuple[int, int, int, int]:
        account, found = tx.account("a"), tx.container("a", name)
        assert account is not None and found is not None
        return account.objects, account.bytes, found.objects, found.bytes

    return store.read(look)
