"""The policy of a form (POST Object): what its fields may say, until when, and how long the file may be."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from kumoi.services.s3 import asked
from kumoi.services.s3.checksums import PREFIX
from kumoi.services.s3.errors import S3Error, denied

_FREE = ("file", "policy", "signature", "awsaccesskeyid", "x-amz-signature")
"""Fields that no condition need name, besides checksums and what begins with `x-ignore-`."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_NUMBER = re.compile(r"[0-9]{1,20}")
Limits = tuple[int, int]


def _wrong(problem: str) -> S3Error:
    return S3Error(400, "InvalidPolicyDocument", f"Invalid Policy: {problem}")


def check(policy: str, fields: Mapping[str, str], bucket: str, now: int) -> Limits | None:
    """(fewest, most) bytes of the file, if the policy says; S3Error if it does not allow what the form says. `fields`: by
    lower-case name."""
    try:
        document: Any = msgspec.json.decode(base64.b64decode(policy, validate=True))
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError):
        raise _wrong("it is no JSON in Base64.") from None
    if not isinstance(document, dict) or not isinstance(document.get("expiration"), str):
        raise _wrong("expiration is missing.")
    expires = asked.seconds_of(document["expiration"]) if _TIME.fullmatch(document["expiration"]) else None
    if expires is None:
        raise _wrong("expiration is no time.")
    if expires <= now:
        raise denied("Invalid according to Policy: Policy expired.")
    conditions = document.get("conditions")
    if not isinstance(conditions, list) or not conditions:
        raise _wrong("conditions are missing.")
    given, limits, named = {**fields, "bucket": bucket}, None, set()
    for condition in conditions:
        if isinstance(condition, list) and condition[:1] == ["content-length-range"]:
            limits = _range(condition)
            continue
        kind, name, value = _read(condition)
        found = given.get(name, "")
        named.add(name)
        if not (found.startswith(value) if kind == "starts-with" else found == value):
            raise denied(f"Invalid according to Policy: Policy Condition failed: {name}.")
    if extra := sorted(
        name for name in fields if name not in (*named, *_FREE) and not name.startswith(("x-ignore-", PREFIX))
    ):
        raise denied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)[:200]}")
    return limits


def _read(condition: Any) -> tuple[str, str, str]:
    """(kind, field, value)."""
    if isinstance(condition, dict) and len(condition) == 1:
        ((name, value),) = condition.items()
        kind = "eq"
    elif isinstance(condition, list) and len(condition) == 3 and str(condition[1]).startswith("$"):
        kind, name, value = str(condition[0]).lower(), condition[1][1:], condition[2]
    else:
        raise _wrong("a condition has one of the forms {field: value} and [kind, $field, value].")
    if kind not in ("eq", "starts-with") or not isinstance(value, str):
        raise _wrong("a condition is eq or starts-with, and has a text.")
    return kind, name.lower(), value


def _range(condition: list[Any]) -> Limits:
    if len(condition) != 3 or not all(
        type(each) in (int, str) and _NUMBER.fullmatch(str(each)) for each in condition[1:]
    ):
        raise _wrong("content-length-range has two numbers.")
    return int(condition[1]), int(condition[2])
