"""Lenient values of compute's API: numbers and booleans as texts, names, addresses."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import ip
from kumoi.kernel.errors import BadRequest

Uuid = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Description = Annotated[str, msgspec.Meta(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Hostname = Annotated[
    str, msgspec.Meta(min_length=2, max_length=63, pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9]$(?!\n)")
]
DottedHostname = Annotated[
    str, msgspec.Meta(min_length=2, max_length=255, pattern=r"^[a-zA-Z0-9]+([\-.][a-zA-Z0-9]+|-)*$(?!\n)")
]
MOST_TAGS = 50
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[^,/]*$")]
DeviceTag = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[^,/]*$")]
MetadataKey = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9\-_:. ]+$")]
Metadata = dict[MetadataKey, Annotated[str, msgspec.Meta(max_length=255)]]

_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "off", "n", "no", ""})


def flag(value: Any, field: str, default: bool = False) -> bool:
    """A boolean as clients write it; BadRequest naming the field."""
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadRequest(f"Invalid input for field/attribute {field}. Value: {str(value)[:80]}. It is not a boolean.")


def whole(value: Any, field: str, *, least: int, most: int = 2**31 - 1) -> int:
    """An integer or its text; BadRequest naming the field."""
    try:
        if isinstance(value, bool):
            raise ValueError
        number = int(value)
    except (ValueError, TypeError):
        raise BadRequest(
            f"Invalid input for field/attribute {field}. Value: {str(value)[:80]}. It is not an integer."
        ) from None
    if not least <= number <= most:
        raise BadRequest(
            f"Invalid input for field/attribute {field}. Value: {number}. It must be from {least} to {most}."
        )
    return number


def address(value: str | None, field: str, version: int) -> str | None:
    """An IP address of the version; empty texts mean none."""
    if not value:
        return None
    try:
        found = ip.address(value)
    except ValueError:
        found = None
    if found is None or found.version != version:
        raise BadRequest(
            f"Invalid input for field/attribute {field}. Value: {value[:80]}. It is not an IPv{version} address."
        )
    return str(found)


def name(value: str, field: str = "name") -> str:
    """A name without surrounding spaces; BadRequest if it is empty or contains unprintable characters."""
    text = value.strip()
    if not text or not text.isprintable():
        raise BadRequest(
            f"Invalid input for field/attribute {field}. Value: {value[:80]!r}. It must have printable characters and"
            " not only spaces."
        )
    return text
