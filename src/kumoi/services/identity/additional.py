"""Attributes that clients send and identity does not declare. It stores and returns them, as Keystone does."""

from typing import Any

import msgspec

from kumoi.kernel.http import Request
from kumoi.services.identity.errors import Invalid

MOST = (1 << 16) - 1
"""Bytes of JSON that one row keeps, as in Keystone's column on MySQL."""

_Fields = dict[str, msgspec.Raw]


def sent(request: Request, key: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The undeclared attributes in the body under `key`. Only these are decoded."""
    fields = msgspec.json.decode(msgspec.json.decode(request.raw, type=_Fields)[key], type=_Fields)
    known = {field.encode_name for field in msgspec.structs.fields(kind)} | {"id", "links"}
    return merged(key, {}, {name: msgspec.json.decode(fields[name]) for name in fields if name not in known})


def merged(key: str, kept: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """What a row keeps after a change; Invalid if that is too much."""
    found = {**kept, **more}
    if more and len(msgspec.json.encode(found)) > MOST:
        raise Invalid(key, f"its additional attributes have more than {MOST} bytes")
    return found
