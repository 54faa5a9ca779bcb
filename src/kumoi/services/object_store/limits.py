"""Limits of names and metadata, as `/info` shows them."""

import re
from collections.abc import Mapping

from kumoi.kernel.errors import BadRequest
from kumoi.services.object_store.errors import PreconditionFailed

MOST_BYTES = 5 * (1 << 30) + 2
LONGEST_ACCOUNT = 256
LONGEST_CONTAINER = 256
LONGEST_OBJECT = 1024
LONGEST_META_NAME = 128
LONGEST_META_VALUE = 256
MOST_META = 90
MOST_META_BYTES = 4096
LONGEST_HEADER = 8192
LONGEST_LISTING = 10_000
HIDDEN = "sysmeta-"
"""Beginning of what is kept with a container or an object and not shown."""
ACCOUNT_QUOTAS = ("x-account-meta-quota-bytes", "x-account-quota-bytes")
ACCOUNT_QUOTA_COUNT = "x-account-quota-count"
"""Limits of an account: bytes, as older and newer clients call them, and objects."""
POLICY_QUOTA_BYTES, POLICY_QUOTA_COUNT = "x-account-quota-bytes-policy-", "x-account-quota-count-policy-"
"""The same for the containers of one storage policy, whose name follows in small letters."""


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of HTTP."""
_NO_TEXT = re.compile("[\0\ufffd\ud800-\udfff]")


def check_name(kind: str, name: str, most: int) -> None:
    """BadRequest for one that is too long; PreconditionFailed for one that no text can be."""
    if _NO_TEXT.search(name):
        raise PreconditionFailed(f"The name of the {kind} is not valid UTF-8 or holds a NUL character.")
    if len(name) > most // 4 and len(name.encode()) > most:
        # Clients compare these texts with Swift's.
        raise BadRequest(f"{kind.title()} name length of {len(name.encode())} longer than {most}")


def check_container_name(name: str) -> None:
    check_name("container", name, LONGEST_CONTAINER)
    if name in (".", ".."):
        raise BadRequest(f"The name of the container may not be {name!r}.")


def check_header_name(name: str) -> None:
    """BadRequest for one that no header can have; archives and forms have other ways to bring one."""
    if not _HEADER_NAME.fullmatch(name):
        raise BadRequest(f"The name {name[:100]!r} of a metadata header holds a character that no header has.")


def metadata(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The headers with this prefix, checked: lower-case name → text."""
    found, size = {}, 0
    for header, value in headers.items():
        if not header.startswith(prefix):
            continue
        name = header[len(prefix) :]
        text = decoded(header, value)
        length = len(text.encode())
        if not name:
            raise BadRequest("The name of a metadata header is empty.")
        check_header_name(name)
        if len(name) > LONGEST_META_NAME:
            raise BadRequest(f"Metadata name too long: {name[:40]}… has {len(name)} bytes; max {LONGEST_META_NAME}")
        if length > LONGEST_META_VALUE:
            raise BadRequest(f"Metadata value longer than {LONGEST_META_VALUE}: {name} has {length} bytes")
        size += len(name) + length
        found[header] = text
    check_metadata(found, prefix)
    return found


def check_metadata(found: Mapping[str, str], prefix: str) -> None:
    """BadRequest when the items with this prefix are too many, or too much together."""
    items = {name[len(prefix) :]: value for name, value in found.items() if name.startswith(prefix)}
    if len(items) > MOST_META:
        raise BadRequest(f"Too many metadata items; max {MOST_META}, not {len(items)}")
    size = sum(len(name) + len(value.encode()) for name, value in items.items())
    if size > MOST_META_BYTES:
        raise BadRequest(f"Total metadata too large; max {MOST_META_BYTES} bytes, not {size}")


def decoded(header: str, value: str) -> str:
    """The text of a header, whose characters represent bytes."""
    try:
        text = value.encode("latin-1").decode()
    except UnicodeError:
        raise BadRequest(f"The header {header} is not valid UTF-8.") from None
    # It will be a header again; archives and forms have other ways to bring one.
    if any(ord(each) < 32 or ord(each) == 127 for each in text):
        raise BadRequest(f"The header {header} holds a control character.")
    return text


def encoded(value: str) -> str:
    """The opposite."""
    return value.encode().decode("latin-1")


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def flag(text: str | None) -> bool:
    return (text or "").strip().lower() in ("true", "1", "yes", "on", "t", "y")
