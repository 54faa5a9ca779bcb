"""JSON patches of images: media types, pointers, and the effect of each operation on the attributes."""

from typing import Any, Literal

import msgspec

from kumoi.kernel.errors import UnsupportedMedia
from kumoi.kernel.routes import Route
from kumoi.kernel.versions import Version
from kumoi.services.image.images.errors import ImageForbidden, InvalidImage, PropertyConflict
from kumoi.services.image.images.schemas import KNOWN, check_settable

MEDIA_TYPES = (
    "application/openstack-images-v2.1-json-patch",
    "application/openstack-images-v2.0-json-patch",
)
_DEFAULTS: dict[str, Any] = {"name": None, "tags": []}
"""Known attributes that a patch may remove, and their values after that."""


class Change(msgspec.Struct, frozen=True):
    op: str
    name: str
    value: Any = None


class Operation(msgspec.Struct, kw_only=True):
    """An entry of a patch of the newest media type, as the description has it."""

    op: Literal["add", "replace", "remove"]
    path: str
    value: Any = None


def decode(content_type: str | None, raw: bytes, route: Route, version: Version | None) -> list[Change]:
    """The body of a PATCH, in any of MEDIA_TYPES."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in MEDIA_TYPES:
        raise UnsupportedMedia(
            f"Unsupported Content-Type {kind[:80]!r}: {MEDIA_TYPES[0]} is expected.",
            headers={"Accept-Patch": ", ".join(MEDIA_TYPES)},
        )
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidImage("Malformed request body: it is not JSON.") from None
    if not isinstance(body, list):
        raise InvalidImage("Request body must be a JSON array of operation objects.")
    return [_change(entry, old=kind == MEDIA_TYPES[1]) for entry in body]


def _change(entry: Any, *, old: bool) -> Change:
    """`old`: the operation is the name of the member that holds the path."""
    if not isinstance(entry, dict):
        raise InvalidImage("Operations must be JSON objects.")
    if old:
        op = next((name for name in ("add", "replace", "remove") if name in entry), None)
        path = entry.get(op) if op else None
    else:
        op, path = entry.get("op"), entry.get("path")
    if op not in ("add", "replace", "remove"):
        raise InvalidImage("Operations must be add, replace or remove.")
    if not isinstance(path, str):
        raise InvalidImage(f"Operation '{op}' requires a member named 'path', a JSON pointer.")
    if op != "remove" and "value" not in entry:
        raise InvalidImage(f"Operation '{op}' requires a member named 'value'.")
    return Change(op, _pointed(path), entry.get("value"))


def _pointed(path: str) -> str:
    if path == "/locations" or path.startswith("/locations/"):
        raise ImageForbidden("It's not allowed to change locations: they are invisible in this cloud.")
    if not path.startswith("/") or "/" in path[1:] or path == "/":
        raise InvalidImage(f"Invalid JSON pointer for this resource: '{path[:300]}'; it names one attribute.")
    name, rest = "", path[1:]
    while "~" in rest:
        plain, _, rest = rest.partition("~")
        if rest[:1] not in ("0", "1"):
            raise InvalidImage(f"Invalid JSON pointer: '{path[:300]}' has a `~` that is neither `~0` nor `~1`.")
        name, rest = name + plain + ("~" if rest[0] == "0" else "/"), rest[1:]
    return name + rest


def apply(before: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    """The attributes after all changes. Checks only which attributes may be changed, not their values."""
    after = dict(before)
    for change in changes:
        name = change.name
        check_settable(name)
        if name == "id":
            raise ImageForbidden("Attribute 'id' is read-only.")
        if change.op == "remove":
            if name in KNOWN:
                if name not in _DEFAULTS:
                    raise ImageForbidden(f"Property {name} may not be removed.")
                after[name] = _DEFAULTS[name]
            elif name in after:
                del after[name]
            else:
                raise PropertyConflict(f"Property {name} does not exist.")
        elif change.op == "replace" and name not in after:
            raise PropertyConflict(f"Property {name} does not exist.")
        else:
            after[name] = change.value
    return after
