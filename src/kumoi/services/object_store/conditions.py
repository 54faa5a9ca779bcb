"""Conditional requests and ranges, as HTTP has them (RFC 9110)."""

from collections.abc import Mapping

from kumoi.engines.objects.interface import Object
from kumoi.kernel import clock
from kumoi.services.object_store.asked import parse_date
from kumoi.services.object_store.errors import PreconditionFailed, WrongRange

MOST_RANGES = 50


def unchanged(headers: Mapping[str, str], found: Object) -> bool:
    """Whether the caller has the current version (304). PreconditionFailed if the caller requires another version."""
    modified = -(-found.at // clock.SECOND)
    wanted = headers.get("if-match")
    if wanted is not None and not _names(wanted, found.etag):
        raise PreconditionFailed("If-Match: the object has another ETag.", {"ETag": found.etag})
    until = parse_date(headers.get("if-unmodified-since"))
    if wanted is None and until is not None and modified > until:
        raise PreconditionFailed("If-Unmodified-Since: the object was changed since.", {"ETag": found.etag})
    known = headers.get("if-none-match")
    if known is not None:
        return _names(known, found.etag)
    since = parse_date(headers.get("if-modified-since"))
    return since is not None and modified <= since


def _names(text: str, etag: str) -> bool:
    each = [part.strip().removeprefix("W/").strip('"').lower() for part in text.split(",")]
    return "*" in each or etag.lower() in each


def ranges(headers: Mapping[str, str], found: Object) -> list[tuple[int, int]]:
    """(first, end) of the requested bytes; none: all of them. WrongRange if no requested byte exists."""
    text = headers.get("range", "")
    kind, _, specs = text.partition("=")
    if kind.strip().lower() != "bytes" or not specs or not _still(headers.get("if-range"), found):
        return []
    wanted, seen = [], 0
    for spec in specs.split(","):
        first, dash, last = (part.strip() for part in spec.strip().partition("-"))
        if not dash or not (first or last) or any(part and not _is_number(part) for part in (first, last)):
            return []
        if first and last and int(last) < int(first):
            return []
        seen += 1
        start = int(first) if first else max(0, found.size - int(last))
        end = min(found.size, int(last) + 1) if first and last else found.size
        if start < end:
            wanted.append((start, end))
    if not wanted or seen > MOST_RANGES:
        raise WrongRange(found.size)
    return wanted


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _still(text: str | None, found: Object) -> bool:
    """For If-Range: whether the parts belong to the caller's version."""
    if text is None:
        return True
    date = parse_date(text)
    return -(-found.at // clock.SECOND) <= date if date is not None else text.strip('"').lower() == found.etag.lower()
