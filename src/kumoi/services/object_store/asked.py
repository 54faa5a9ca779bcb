"""Parses the path, headers and query of this API's requests, and formats times."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.services.object_store.errors import PreconditionFailed
from kumoi.services.object_store.limits import LONGEST_LISTING

TEXT, JSON, XML = "text/plain", "application/json", "application/xml"


class Listing(msgspec.Struct, kw_only=True):
    """The query of a list."""

    format: str | None = None
    limit: str | None = None
    marker: str | None = None
    end_marker: str | None = None
    prefix: str | None = None
    delimiter: str | None = None
    path: str | None = None
    reverse: str | None = None
    versions: str | None = None
    version_marker: str | None = None


def said(request: Request, parameter: str) -> str | None:
    """What a request says of a parameter, last; None: nothing. Of those that say what is asked for at all."""
    values = request.params.get(parameter)
    return values[-1] if values else None


def done(status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply without a body, but with the content type of Swift's replies."""
    return Reply(raw=b"", status=status, headers=headers or {}, content_type="text/html; charset=UTF-8")


def limit(query: Listing) -> int:
    text = (query.limit or "").strip()
    if not (text.isascii() and text.isdigit()):
        return LONGEST_LISTING
    number = int(text[:12])
    if number > LONGEST_LISTING:
        raise PreconditionFailed(f"limit: at most {LONGEST_LISTING} are listed at once.")
    return number


def form(request: Request, format: str | None) -> str:
    """The media type of a list, from the query or the Accept header."""
    if format is not None:
        return {"json": JSON, "xml": XML}.get(format.lower(), TEXT)
    accepted = request.headers.get("accept", "")
    for part in accepted.split(","):
        kind = part.split(";")[0].strip().lower()
        if kind in (JSON, XML, "text/xml"):
            return kind
        if kind in (TEXT, "text/*", "*/*", ""):
            return TEXT
        if kind == "application/*":
            return JSON
    raise NotAcceptableList(accepted)


class NotAcceptableList(PreconditionFailed):
    def __init__(self, accepted: str) -> None:
        super().__init__(
            f"Accept: {accepted[:100]!r} is none of text/plain, application/json, application/xml, text/xml."
        )
        self.status, self.title = 406, "Not Acceptable"


def timestamp(instant: int) -> str:
    """Seconds with five digits behind the point."""
    return f"{instant // clock.SECOND}.{instant % clock.SECOND // 10:05d}"


def http_date(instant: int) -> str:
    """Rounded up, so that no time is earlier than the change."""
    return formatdate(-(-instant // clock.SECOND), usegmt=True)


def iso(instant: int) -> str:
    return clock.iso_microseconds(instant, "")


def parse_date(text: str | None) -> int | None:
    """Seconds since the epoch; None if it is not an HTTP date."""
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (TypeError, ValueError, OverflowError):
        return None


def timestamp_of(text: str, header: str) -> int:
    try:
        seconds = float(text)
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadRequest(f"{header}: {text[:40]!r} is no time in seconds.") from None
    return round(seconds * clock.SECOND)
