"""The sweep that carries out lifecycle rules."""

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

import msgspec

from kumoi.engines.objects.interface import (
    Container,
    Listed,
    ListedVersion,
    ObjectStore,
    Page,
    Reading,
    VersionPage,
    Writing,
)
from kumoi.kernel import clock
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.object_store import facade as object_store
from kumoi.services.s3.buckets.logic import SEGMENTS
from kumoi.services.s3.lifecycle import logic
from kumoi.services.s3.uploads import logic as uploads

EVERY = 3600.0
PAGE = 500
"""Names in one transaction."""
Due = tuple[ListedVersion, list[logic.Rule]]
_decode = msgspec.json.Decoder(object_store.Entry).decode


def expire(view: View) -> None:
    """Every bucket with rules, a page at a time. What is gone already is passed over, so that a turn may be cut off and begun
    again."""
    store, after = view.engine(ObjectStore), ""
    if not store.is_used():
        return
    while found := store.read(partial(logic.buckets, after=after, most=PAGE)):
        for _, account, bucket in found:
            if _has_no_rules(store, account, bucket):
                store.write(partial(logic.forget, account=account, bucket=bucket), frees=True).result()
                continue
            _objects(store, account, bucket)
            _versions(store, account, bucket)
            _uploads(store, account, bucket)
        after = found[-1][0]


def _has_no_rules(store: ObjectStore, account: str, bucket: str) -> bool:
    found = store.read(lambda tx: tx.container(account, bucket))
    return found is None or logic.RULES.stored not in found.metadata


def _objects(store: ObjectStore, account: str, bucket: str) -> None:
    found = store.read(lambda tx: tx.container(account, bucket))
    rules = logic.rules(found) if found else ()
    for prefix in logic.prefixes(rules):
        for page in _pages(store, account, bucket, prefix):
            if due := list(_due(page, rules)):
                store.write(partial(_remove, account=account, bucket=bucket, names=due)).result()


def _pages(store: ObjectStore, account: str, container: str, prefix: str) -> Iterator[list[Listed]]:
    after = ""

    def page(tx: Reading) -> list[Listed]:
        where = tx.container(account, container)
        return tx.objects(where, Page(limit=PAGE, prefix=prefix, marker=after)) if where else []

    while found := store.read(page):
        yield found
        after = found[-1].name


def _due(page: Iterable[Listed], rules: Iterable[logic.Rule]) -> Iterator[str]:
    """As far as the list tells."""
    now = clock.now() // clock.SECOND
    for each in page:
        entry = _decode(each.entry or "")
        ends = (rule.ends_at(_at(each)) for rule in rules if rule.concerns(each.name, entry.bytes))
        if any(end is not None and end <= now for end in ends):
            yield each.name


def _remove(tx: Writing, account: str, bucket: str, names: list[str]) -> None:
    """Those that still are what the rules are about."""
    where = tx.container(account, bucket)
    for name in names if where else ():
        assert where is not None
        found = tx.object(where, name)
        due = logic.expiry(where, found) if found else None
        if found and due is not None and due[0] <= tx.now // clock.SECOND:
            object_store.expire(tx, where, found)


def _versions(store: ObjectStore, account: str, bucket: str) -> None:
    """Noncurrent versions, and delete markers that hide nothing."""

    def remove(tx: Writing, due: list[Due]) -> None:
        where = tx.container(account, bucket)
        for each, wanted in due if where else ():
            assert where is not None
            found = tx.version(where, each.name, each.version if each.named else None)
            if found is None or found.version != each.version:
                continue
            # Only a rule by whose days it is due may remove it: another may be about its tags, and not about its age.
            about = [rule for rule in wanted if rule in logic.rules(where) and rule.concerns(each.name, found.size)]
            if any(rule.has_tags(found.metadata) for rule in about) and (found.old or found.marker):
                tx.remove_version(where, found)

    where = store.read(lambda tx: tx.container(account, bucket))
    rules = logic.rules(where) if where else ()
    if where is None or not where.versioning or not any(rule.is_about_versions for rule in rules):
        return
    due = list(_due_versions(_every_version(store, account, bucket), rules))
    for first in range(0, len(due), PAGE):
        store.write(partial(remove, due=due[first : first + PAGE])).result()


def _every_version(store: ObjectStore, account: str, bucket: str) -> Iterator[ListedVersion]:
    after = VersionPage(limit=PAGE)

    def page(tx: Reading) -> list[ListedVersion]:
        where = tx.container(account, bucket)
        return tx.versions(where, after) if where else []

    while found := store.read(page):
        yield from found
        after = VersionPage(limit=PAGE, marker=found[-1].name, version_marker=found[-1].version)


def _due_versions(every: Iterable[ListedVersion], rules: Iterable[logic.Rule]) -> Iterator[Due]:
    """As far as the list tells, each with the rules by which it is due. Of each name the newest version comes first, and a
    version is noncurrent from when the next newer one came."""
    now = clock.now() // clock.SECOND
    for name, group in itertools.groupby(every, lambda each: each.name):
        since, newer, alone = 0, -1, None
        for each in group:
            alone = each if newer < 0 else None
            if newer < 0:
                since, newer = _at(each), 0
                continue
            about = [rule for rule in rules if rule.concerns(name, _decode(each.entry or "").bytes)]
            ends = ((logic.ends(since, rule.noncurrent_days), rule) for rule in about if newer >= rule.newer_versions)
            if due := [rule for end, rule in ends if end is not None and end <= now]:
                yield each, due
            since, newer = _at(each), newer + 1
        removing = [rule for rule in rules if rule.removes_markers and rule.concerns(name, 0)]
        if alone and alone.marker and removing:
            yield alone, removing


def _at(each: Listed | ListedVersion) -> int:
    text = _decode(each.entry or "").last_modified
    return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * clock.SECOND)


def _uploads(store: ObjectStore, account: str, bucket: str) -> None:
    def abort(tx: Writing, names: list[str]) -> None:
        where, parts = tx.container(account, bucket), tx.container(account, bucket + SEGMENTS)
        for name in names if where and parts else ():
            assert where is not None and parts is not None
            if (found := tx.object(parts, name)) and _is_abandoned(where, name, found.at, tx.now):
                uploads.remove(tx, parts, found)

    found = store.read(lambda tx: tx.container(account, bucket))
    if found is None or not any(rule.abort_days for rule in logic.rules(found)):
        return
    for page in _pages(store, account, bucket + SEGMENTS, uploads.UPLOADS):
        store.write(partial(abort, names=[each.name for each in page])).result()


def _is_abandoned(bucket: Container, name: str, at: int, now: int) -> bool:
    key = uploads.key_of(name)
    ends = (logic.ends(at, rule.abort_days) for rule in logic.rules(bucket) if key.startswith(rule.prefix))
    return any(end is not None and end <= now // clock.SECOND for end in ends)


LIFECYCLES = Sweep("s3.lifecycles", EVERY, expire)
