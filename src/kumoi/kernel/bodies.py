"""Reads JSON bodies, decodes them, and checks them against the route's declaration."""

import re
from collections.abc import Iterable
from typing import Any

import falcon
import msgspec
from falcon.errors import InvalidMediaRange
from falcon.util.mediatypes import quality

from kumoi.kernel import versions
from kumoi.kernel.errors import BadRequest, NotAcceptable, TooLarge, UnsupportedMedia
from kumoi.kernel.routes import Route
from kumoi.kernel.versions import Version

JSON = "application/json"
LARGEST_BODY = 1 << 20
"""Bytes of a JSON body."""
LARGEST_SENT = 2 << 20
"""Maximum bytes of a body at the front. The service itself refuses bodies above LARGEST_BODY, in its own error
shape."""
DEEPEST = 100
"""Maximum depth of JSON. Code that writes, compares or shows a body recurses as deep as the body."""
_PART = 1 << 16
_MANY_DIGITS = re.compile(rb"[0-9]{19}")
TOO_DEEP = "Malformed request body: it is nested too deeply."
OUT_OF_RANGE = "The number is out of range."
_WHOLE = "kumoi.whole"


def read_body(request: falcon.Request) -> bytes:
    """The whole body; TooLarge above LARGEST_BODY."""
    length = request.content_length
    if length is not None and length > LARGEST_BODY:
        raise TooLarge(f"The body has {length} bytes; at most {LARGEST_BODY} are accepted.")
    raw = request.bounded_stream.read(LARGEST_BODY + 1) if length is not None else request.stream.read(LARGEST_BODY + 1)
    if len(raw) > LARGEST_BODY:
        raise TooLarge(f"The body has more than {LARGEST_BODY} bytes.")
    request.env[_WHOLE] = True
    return bytes(raw)


def take_rest(env: dict[str, Any]) -> None:
    """Read the rest of a body before the answer is sent. A client that still sends does not read the answer, and the
    front would report an unreachable service. Reads in parts, and not more than the front sends."""
    if _WHOLE in env or not (env.get("CONTENT_LENGTH") or env.get("HTTP_TRANSFER_ENCODING")):
        return
    stream, left = env["wsgi.input"], LARGEST_SENT
    while left > 0 and (part := stream.read(_PART)):
        left -= len(part)


def check_depth(raw: bytes) -> None:
    """BadRequest for JSON that is deeper than DEEPEST."""
    if is_too_deep(raw):
        raise BadRequest(TOO_DEEP)


def is_too_deep(raw: bytes) -> bool:
    """Whether JSON is deeper than DEEPEST. Other texts are not."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    try:
        level = [msgspec.json.decode(raw)]
    except RecursionError:
        return True
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    for _ in range(DEEPEST):
        level = [
            inside
            for one in level
            if isinstance(one, dict | list)
            for inside in (one.values() if isinstance(one, dict) else one)
        ]
    return any(isinstance(one, dict | list) for one in level)


def check_numbers(raw: bytes) -> None:
    """BadRequest, with its place, for an integer in a JSON body that exceeds 64 bits."""
    if not _MANY_DIGITS.search(raw):
        return
    try:
        place = _too_large(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # The decoder of the body reports invalid JSON.
    if place is not None:
        raise BadRequest(f"Invalid input for field/attribute {place.lstrip('.') or 'body'}: {OUT_OF_RANGE}")


def _too_large(value: Any) -> str | None:
    """The place of a too large integer: `.server.min_count`, `.ports[0].x`; None: there is none."""
    if isinstance(value, int):
        return "" if not fits(value) else None
    if isinstance(value, dict):
        inside = ((f".{str(key)[:100]}", one) for key, one in value.items())
    elif isinstance(value, list):
        inside = ((f"[{number}]", one) for number, one in enumerate(value))
    else:
        return None
    return next((name + place for name, one in inside if (place := _too_large(one)) is not None), None)


def fits(number: int) -> bool:
    """Whether databases can store it: a signed 64-bit integer."""
    return -(1 << 63) <= number < 1 << 63


def distinct(texts: Iterable[str], parameter: str, most: int) -> list[str]:
    """The texts without duplicates. BadRequest with the parameter's name if there are more than `most`."""
    found = list(dict.fromkeys(texts))
    if len(found) > most:
        raise BadRequest(
            f"Invalid input for query parameters {parameter}: it has {len(found)} values; at most {most} are taken."
        )
    return found


def check_accept(accept: str | None) -> None:
    """NotAcceptable if the header rules JSON out. A header that cannot be read counts as none."""
    if accept in (None, "", "*/*", JSON):
        return
    try:
        wanted = quality(JSON, accept)
    except InvalidMediaRange:
        return
    if not wanted:
        raise NotAcceptable(f"Only {JSON} is provided; Accept is {accept[:80]}.")


def decode_body(content_type: str | None, raw: bytes, route: Route, version: Version | None) -> Any:
    """The JSON body as the route declares it in this version. For an action: the value under its name."""
    if content_type and "json" not in content_type.lower():
        raise UnsupportedMedia(f"Unsupported Content-Type {content_type[:80]}: application/json is expected.")
    if not raw:
        raise BadRequest("The request has no body; a JSON object is expected.")
    kind = route.body
    try:
        if b"\\u0000" in raw and holds_nul(msgspec.json.decode(raw)):
            raise BadRequest("Malformed request body: it holds a NUL character.")
        if route.action is not None:
            kind = dict.__class_getitem__((str, kind))
        value = versions.decode(raw, kind, version)
    except msgspec.ValidationError as error:
        raise BadRequest(f"Invalid input for field/attribute {explain(error, route.action)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"Malformed request body: it is not JSON ({error}).") from None
    except RecursionError:
        raise BadRequest(TOO_DEEP) from None
    return value[route.action] if route.action is not None else value


def holds_nul(value: Any) -> bool:
    """Whether a decoded JSON value contains U+0000, which not every database can store."""
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(one) for key, one in value.items())
    if isinstance(value, list):
        return any(holds_nul(one) for one in value)
    return isinstance(value, str) and "\0" in value


def explain(error: msgspec.ValidationError, action: str | None = None) -> str:
    """Convert msgspec's message, which ends with the place, to `server.name: Expected …`. `action`: the name of the
    action in the body."""
    found = _PLACED.fullmatch(str(error))
    if found is None:
        return f"body: {error}"
    place = found["place"]
    if action is not None and place.startswith(_ANY_KEY):
        place = action + place.removeprefix(_ANY_KEY)
    return f"{place.lstrip('.') or 'body'}: {found['text']}{' as a key' if found['key'] else ''}"


_ANY_KEY = "[...]"
"""msgspec's notation for a value in a dictionary."""
_PLACED = re.compile(r"(?P<text>.*) - at (?P<key>`key` in )?`\$(?P<place>[^`]*)`", re.DOTALL)
