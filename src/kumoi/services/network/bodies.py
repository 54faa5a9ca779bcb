"""Bodies of the network API: one resource or many under its name, numbers and flags also as text."""

from typing import Annotated, Any, TypeVar

import msgspec

from kumoi.kernel.bodies import explain, holds_nul
from kumoi.kernel.errors import BadRequest, UnsupportedMedia
from kumoi.kernel.routes import Route
from kumoi.kernel.versions import Version
from kumoi.services.network.errors import BadField

T = TypeVar("T")
UNSET = msgspec.UNSET
Unset = msgspec.UnsetType

Text = Annotated[str, msgspec.Meta(max_length=255)]
_UUID = r"^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"
Id = Annotated[str, msgspec.Meta(pattern=_UUID, max_length=36)]
"""The id of a resource of this service."""
MOST_AT_ONCE = 1000


def decode(content_type: str | None, raw: bytes, route: Route, version: Version | None) -> Any:
    """The body as the route declares it. Clients write numbers and flags also as JSON strings: both are taken."""
    if content_type and "json" not in content_type.lower():
        raise UnsupportedMedia(f"Unsupported Content-Type {content_type[:80]}: application/json is expected.")
    if not raw:
        raise BadRequest("Request body required: a JSON object is expected.")
    try:
        if b"\\u0000" in raw and holds_nul(msgspec.json.decode(raw)):
            raise BadRequest("Malformed request body: it holds a NUL character.")
        try:
            return msgspec.json.decode(raw, type=route.body, strict=False)
        except msgspec.ValidationError:
            return msgspec.convert(_unwrapped(msgspec.json.decode(raw)), type=route.body, strict=False)
    except msgspec.ValidationError as error:
        place, _, text = explain(error).partition(": ")
        if "matching regex" in text:
            raise BadField(place, "it is not a valid UUID") from None
        if "unknown field" in text:
            raise BadRequest(f"Unrecognized attribute(s) '{text.split('`')[1]}' in {place}") from None
        raise BadField(place, text) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"Malformed request body: it is not JSON ({str(error)[:200]}).") from None


def _unwrapped(body: Any) -> Any:
    """Some clients wrap each of several resources: `{"networks": [{"network": {…}}]}`."""
    if isinstance(body, dict) and len(body) == 1:
        ((plural, items),) = body.items()
        if isinstance(items, list) and all(isinstance(one, dict) and list(one) == [plural[:-1]] for one in items):
            return {plural: [one[plural[:-1]] for one in items]}
    return body


def each(one: T | Unset, many: list[T] | Unset, name: str) -> list[T]:
    """The resource or resources in the body of a create request."""
    if isinstance(one, Unset) == isinstance(many, Unset):
        raise BadRequest(f"The request body must hold either '{name}' or '{name}s'.")
    if isinstance(many, Unset):
        assert not isinstance(one, Unset)
        return [one]
    if not many:
        raise BadRequest(f"The list '{name}s' is empty.")
    if len(many) > MOST_AT_ONCE:
        raise BadRequest(f"The list '{name}s' has {len(many)} entries; at most {MOST_AT_ONCE} are made at once.")
    return many


def given(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields that the client sent, by attribute name."""
    values = ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    return {name: value for name, value in values if value is not UNSET}


def plain(struct: Any) -> Any:
    """Structs as they go into JSON columns."""
    return msgspec.to_builtins(struct)
