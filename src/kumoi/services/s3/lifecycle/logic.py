"""A bucket's lifecycle configuration: its rules, and when an object expires by them."""

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from kumoi.engines.objects.interface import Container, Object, Page, Reading, Writing
from kumoi.kernel import clock
from kumoi.services.s3 import xml
from kumoi.services.s3.errors import S3Error, absent, malformed
from kumoi.services.s3.settings.logic import Setting
from kumoi.services.s3.tags import logic as tags

ACCOUNT = ".lifecycle"
"""It holds an empty container for each bucket with rules, so that the sweep finds them. No project has this account."""
MOST, LONGEST_ID = 1000, 255
DAY = 24 * 3600
LAST_DAY = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
"""The last one that a date can name; rules may end later."""
_ACTIONS = ("Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
_ABSENT = ("Transition", "NoncurrentVersionTransition")


@dataclass(frozen=True)
class Rule:
    """What a rule is about, and what it does. Sizes are bounds that an object passes; days are whole."""

    id: str
    enabled: bool
    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    above: int | None = None
    below: int | None = None
    days: int | None = None
    date: int | None = None
    """Seconds since the epoch."""
    removes_markers: bool = False
    noncurrent_days: int | None = None
    newer_versions: int = 0
    """How many noncurrent versions stay, whatever their age."""
    abort_days: int | None = None

    @property
    def is_about_versions(self) -> bool:
        return self.noncurrent_days is not None or self.removes_markers

    def concerns(self, name: str, size: int) -> bool:
        """As far as a list tells; `has_tags` tells the rest."""
        return (
            self.enabled
            and name.startswith(self.prefix)
            and (self.above is None or size > self.above)
            and (self.below is None or size < self.below)
        )

    def has_tags(self, stored: Mapping[str, str]) -> bool:
        return not self.tags or self.tags.items() <= tags.of_stored(stored.get(tags.STORED, "")).items()

    def ends_at(self, at: int) -> int | None:
        """Seconds since the epoch at which an object of this instant expires; None: never."""
        return self.date if self.date is not None else ends(at, self.days)


def ends(at: int, days: int | None) -> int | None:
    """The midnight that follows this many days after an instant."""
    if days is None:
        return None
    seconds = at // clock.SECOND + days * DAY
    return -(-seconds // DAY) * DAY


class Lifecycle(Setting):
    def read(self, document: Element) -> str:
        elements = document.findall("Rule")
        if not 1 <= len(elements) <= MOST:
            raise malformed(f"it has {len(elements)} rules; from 1 to {MOST} are accepted")
        found: list[Rule] = []
        for element in elements:
            if not xml.text_of(element, "ID"):
                for empty in element.findall("ID"):
                    element.remove(empty)
                said = f"{len(found)} {xml.inner(element)}".encode()
                SubElement(element, "ID").text = hashlib.sha256(said).hexdigest()[:32]
            found.append(_rule(element))
        if len({each.id for each in found}) < len(found):
            raise _wrong("Rule ID must be unique. Found same ID for more than one rule.")
        return xml.inner(document)

    def settled(self, tx: Writing, bucket: Container) -> None:
        name = f"{bucket.account}/{bucket.name}"
        known = tx.container(ACCOUNT, name)
        if self.stored in bucket.metadata and known is None:
            tx.put_container(ACCOUNT, name, {}, "")
        elif self.stored not in bucket.metadata and known is not None:
            tx.remove_container(known)


RULES = Lifecycle(
    "lifecycle", "LifecycleConfiguration", "NoSuchLifecycleConfiguration",
    "The lifecycle configuration does not exist",
)  # fmt: skip


@functools.lru_cache(256)
def _parsed(stored: str) -> tuple[Rule, ...]:
    document = xml.parse(f"<{RULES.root}>{stored}</{RULES.root}>".encode(), RULES.root)
    return tuple(_rule(element) for element in document.findall("Rule"))


def rules(bucket: Container) -> tuple[Rule, ...]:
    """Those that are enabled."""
    stored = bucket.metadata.get(RULES.stored)
    return tuple(each for each in _parsed(stored) if each.enabled) if stored else ()


def expiry(bucket: Container, object: Object) -> tuple[int, str] | None:
    """(seconds since the epoch, id of the rule) of the first that makes it expire."""
    found = [
        (at, rule.id)
        for rule in rules(bucket)
        if rule.concerns(object.name, object.size) and rule.has_tags(object.metadata)
        if (at := rule.ends_at(object.at)) is not None
    ]
    return min(found) if found else None


def header(bucket: Container, object: Object) -> dict[str, str]:
    """`x-amz-expiration`, if it expires."""
    found = expiry(bucket, object)
    if found is None:
        return {}
    return {
        "x-amz-expiration": f'expiry-date="{formatdate(min(found[0], LAST_DAY), usegmt=True)}", rule-id="{quote(found[1])}"'
    }


def buckets(tx: Reading, after: str, most: int) -> list[tuple[str, str, str]]:
    """A page of the buckets that have rules: (marker, account, bucket)."""
    rows = tx.containers(ACCOUNT, Page(limit=most, marker=after))
    return [(name, *_halves(name)) for name, _ in rows]


def forget(tx: Writing, account: str, bucket: str) -> None:
    """Leave out a bucket that is gone, or has no rules: Swift's API removes containers without a word of rules."""
    found, known = tx.container(account, bucket), tx.container(ACCOUNT, f"{account}/{bucket}")
    if known is not None and (found is None or RULES.stored not in found.metadata):
        tx.remove_container(known)


def _halves(name: str) -> tuple[str, str]:
    account, _, bucket = name.partition("/")
    return account, bucket


def _rule(element: Element) -> Rule:
    for name in _ABSENT:
        if element.find(name) is not None:
            raise absent(f"{name} in a lifecycle rule: there is one storage class, and it")
    id, status = xml.text_of(element, "ID"), xml.text_of(element, "Status")
    if len(id) > LONGEST_ID:
        raise _wrong(f"ID length should not exceed allowed limit of {LONGEST_ID}")
    if status not in ("Enabled", "Disabled"):
        raise malformed("the Status of a Rule is Enabled or Disabled")
    prefix, filtered = element.find("Prefix"), element.find("Filter")
    if (prefix is None) == (filtered is None):
        raise malformed("a Rule has one of Filter and Prefix")
    if not any(element.find(name) is not None for name in _ACTIONS):
        raise _wrong("At least one action needs to be specified in a rule.")
    about = _filter(filtered) if filtered is not None else {"prefix": (prefix.text or "") if prefix is not None else ""}
    done = _expiration(element) | _of_versions(element)
    aborts = element.find("AbortIncompleteMultipartUpload")
    if aborts is not None:
        done["abort_days"] = _number(aborts, "DaysAfterInitiation", needed=True)
        if about.get("tags") or about.get("above") is not None or about.get("below") is not None:
            raise _wrong("AbortIncompleteMultipartUpload cannot be specified with tags or sizes.")
    if done.get("removes_markers") and about.get("tags"):
        raise _wrong("ExpiredObjectDeleteMarker cannot be specified with tags.")
    return Rule(id=id, enabled=status == "Enabled", **about, **done)  # type: ignore[arg-type]


def _filter(element: Element) -> dict[str, object]:
    both = element.find("And")
    where = element if both is None else both
    parts = {str(each.tag) for each in element}
    if parts - {"And", "Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"} or len(list(element)) > 1:
        raise malformed("a Filter has one of And, Prefix, Tag, ObjectSizeGreaterThan and ObjectSizeLessThan")
    found: dict[str, object] = {"prefix": where.findtext("Prefix") or ""}
    found["tags"] = {(each.findtext("Key") or ""): (each.findtext("Value") or "") for each in where.findall("Tag")}
    found["above"], found["below"] = _number(where, "ObjectSizeGreaterThan", 0), _number(where, "ObjectSizeLessThan", 0)
    return found


def _expiration(element: Element) -> dict[str, object]:
    found = element.find("Expiration")
    if found is None:
        return {}
    if len(list(found)) != 1:
        raise malformed("an Expiration has one of Days, Date and ExpiredObjectDeleteMarker")
    if found.find("Date") is not None:
        return {"date": _midnight(xml.text_of(found, "Date"))}
    if found.find("ExpiredObjectDeleteMarker") is not None:
        return {"removes_markers": xml.text_of(found, "ExpiredObjectDeleteMarker") == "true"}
    return {"days": _number(found, "Days", needed=True)}


def _of_versions(element: Element) -> dict[str, object]:
    found = element.find("NoncurrentVersionExpiration")
    if found is None:
        return {}
    newer = _number(found, "NewerNoncurrentVersions") or 0
    return {"noncurrent_days": _number(found, "NoncurrentDays", needed=True), "newer_versions": newer}


def _number(element: Element, name: str, least: int = 1, *, needed: bool = False) -> int | None:
    if element.find(name) is None and not needed:
        return None
    text = xml.text_of(element, name)
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise malformed(f"{name} is no number")
    if int(text) < least:
        raise _wrong(f"'{name}' must be a positive integer")
    return int(text)


def _midnight(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise malformed("the Date of an Expiration is not of the form 2026-01-31T00:00:00Z") from None
    seconds = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    if seconds % DAY:
        raise _wrong("'Date' must be at midnight GMT")
    return seconds


def _wrong(problem: str) -> S3Error:
    return S3Error(400, "InvalidArgument", problem)


def prefixes(found: tuple[Rule, ...]) -> Iterator[str]:
    """Those under which some rule expires objects, none of them within another."""
    kept: list[str] = []
    for prefix in sorted({rule.prefix for rule in found if rule.days is not None or rule.date is not None}):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    yield from kept
