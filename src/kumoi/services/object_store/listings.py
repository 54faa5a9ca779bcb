"""Lists of containers and objects as text, JSON and XML."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

from kumoi.engines.objects.interface import DEFAULT, Container, Listed, Page, VersionPage
from kumoi.kernel.routes import Reply
from kumoi.services.object_store import asked
from kumoi.services.object_store.asked import JSON, TEXT, Listing

_encode = msgspec.json.Encoder().encode


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An object in a list."""

    name: str
    hash: str
    bytes: int
    content_type: str
    last_modified: str
    slo_etag: str = ""
    symlink_path: str = ""
    symlink_bytes: int | None = None
    symlink_etag: str = ""


class ContainerEntry(msgspec.Struct):
    name: str
    count: int
    bytes: int
    last_modified: str
    storage_policy: str


class Folder(msgspec.Struct):
    """Names that were rolled up."""

    subdir: str


def entry(name: str, etag: str, size: int, content_type: str, at: int, **more: Any) -> str:
    """The entry of an object in lists. It is rendered once, when the object is written."""
    return _encode(
        Entry(name=name, hash=etag, bytes=size, content_type=content_type, last_modified=asked.iso(at), **more)
    ).decode()


def changed(text: str, **fields: Any) -> str:
    """An entry in which these fields are others."""
    return _encode({**msgspec.json.decode(text), **fields}).decode()


def page(query: Listing) -> Page:
    prefix, delimiter, flat = query.prefix or "", query.delimiter or "", False
    if query.path is not None:
        prefix = f"{query.path.rstrip('/')}/" if query.path else ""
        delimiter, flat = "/", True
    return Page(
        limit=asked.limit(query), prefix=prefix, delimiter=delimiter, marker=query.marker or "",
        end_marker=query.end_marker or "", reverse=(query.reverse or "").lower() in ("true", "1", "yes", "on", "t", "y"),
        flat=flat,
    )  # fmt: skip


def version_page(query: Listing, number: int | None) -> VersionPage:
    """`number`: of the version that is the marker."""
    plain = page(query)
    return VersionPage(**{name: getattr(plain, name) for name in plain.__struct_fields__}, version_marker=number)


def reply(kind: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """An empty list of names is no content."""
    status = 204 if kind == TEXT and not body else 200
    return Reply(raw=body, status=status, content_type=f"{kind}; charset=utf-8", headers=headers)


def names(found: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in found).encode()


def of_containers(kind: str, account: str, found: list[tuple[str, Container | None]]) -> bytes:
    if kind == TEXT:
        return names(name for name, _ in found)
    shown = [
        ContainerEntry(name, row.objects, row.bytes, asked.iso(row.changed_at), row.policy or DEFAULT)
        if row
        else Folder(name)
        for name, row in found
    ]
    return _encode(shown) if kind == JSON else _xml("account", account, "container", map(msgspec.to_builtins, shown))


def folder(name: str) -> str:
    return _encode(Folder(name)).decode()


def of_objects(kind: str, container: str, found: list[Listed]) -> bytes:
    if kind == TEXT:
        return names(each.name for each in found)
    texts = (each.entry if each.entry is not None else folder(each.name) for each in found)
    return of_entries(kind, container, ",".join(texts).encode())


def of_entries(kind: str, container: str, joined: bytes) -> bytes:
    """A list of entries that are separated by commas."""
    if kind == JSON:
        return b"[%s]" % joined
    return _xml("container", container, "object", msgspec.json.decode(b"[%s]" % joined))


def _xml(outer: str, name: str, inner: str, rows: Iterable[dict[str, Any]]) -> bytes:
    parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{outer} name={quoteattr(name)}>']
    for row in rows:
        if "subdir" in row:
            folder = row["subdir"]
            parts.append(f"<subdir name={quoteattr(folder)}><name>{escape(folder)}</name></subdir>")
            continue
        fields = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in row.items())
        parts.append(f"<{inner}>{fields}</{inner}>")
    parts.append(f"</{outer}>")
    return "".join(parts).encode()
