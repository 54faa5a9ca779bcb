"""Requests to the object store that a seed puts together of all headers, parameters and bodies that it knows, good and bad.
The streams take no JSON, so the fuzz of the descriptions leaves them out. No request ends in a server error, or in a status
that its route does not declare; what is left is sound."""

import io
import json
import os
import tarfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from kumoi import app
from kumoi.engines.objects.interface import ObjectStore
from tests.cloud import OTHER_PROJECT, PROJECT, Cloud
from tests.matrix import report
from tests.services.object_store.sending import ROOT, ask

app.load_services()
REQUESTS = int(os.environ.get("KUMOI_FUZZ_OBJECTS", "1000"))
PERSONS = ("member", "member", "member", "admin", "reader", "other", None)
METHODS = ("PUT", "PUT", "PUT", "POST", "DELETE", "COPY", "GET", "HEAD", "OPTIONS")
ACCOUNTS = (f"AUTH_{PROJECT}",) * 6 + (f"AUTH_{OTHER_PROJECT}", "AUTH_", ".images", "ü" * 10, "x" * 300)
CONTAINERS = ("c", "c", "d", "old", "s", "", "x" * 257, "ü", "%2F", ".", "a b")
OBJECTS = ("o", "o", "many", "folder/one", "folder/", "", "x" * 1025, "ü/%00", "é" * 512, "..", "index.html", "a?b")
PLACES = ("c/o", "/c/o", "d/many", "s/", "nothing/here", "c", "", "%2e%2e/x", "ü/ü", "c/" + "x" * 1100, "c/o?x=1")
NUMBERS = ("0", "1", "5", "-1", "99999999999999999999", "1.5", "x", "", "\xb2", " 3 ", "2147483648")
TEXTS = ("", "x", "ü".encode().decode("latin-1"), "\xff", "a" * 300, "a,b;c", '"', "true", "<b>", "%zz", "\t")
LISTS = (".r:*", ".r:*,.rlistings", "a:b", ".r:-", ".x:y", f"{OTHER_PROJECT}:*", "*:*", ",,,", ".r:*bad", "member")
DATES = ("Sun, 29 Nov 2026 00:00:00 GMT", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "0")
HEADERS: dict[str, tuple[str, ...]] = {
    "X-Copy-From": PLACES, "X-Copy-From-Account": ACCOUNTS, "Destination": PLACES, "Destination-Account": ACCOUNTS,
    "X-Delete-At": NUMBERS, "X-Delete-After": NUMBERS, "ETag": TEXTS, "If-Match": TEXTS, "If-None-Match": ("*", *TEXTS),
    "If-Modified-Since": DATES, "If-Unmodified-Since": DATES,
    "Range": ("bytes=0-", "bytes=-5", "bytes=5-1", "bytes=0-0,2-3", "x"),
    "X-Object-Manifest": PLACES, "X-Symlink-Target": PLACES, "X-Symlink-Target-Etag": TEXTS,
    "X-Symlink-Target-Account": ACCOUNTS, "X-Object-Meta-A": TEXTS, "X-Object-Meta-": TEXTS, "X-Container-Meta-A": TEXTS,
    "X-Remove-Container-Meta-A": TEXTS, "X-Account-Meta-A": TEXTS, "X-Container-Read": LISTS, "X-Container-Write": LISTS,
    "X-Versions-Location": ("old", "c", "a/b", "", "%"), "X-History-Location": ("old", "", "x"),
    "X-Versions-Enabled": ("true", "false", "x"), "X-Container-Meta-Quota-Bytes": NUMBERS,
    "X-Container-Meta-Quota-Count": NUMBERS, "X-Account-Meta-Quota-Bytes": NUMBERS, "X-Storage-Policy": ("default", "x"),
    "Content-Type": ("text/plain", "multipart/form-data; boundary=x", "x" * 200, ""), "X-Detect-Content-Type": TEXTS,
    "Content-Encoding": TEXTS, "Content-Disposition": TEXTS, "X-Fresh-Metadata": TEXTS, "X-Web-Mode": TEXTS,
    "X-Container-Meta-Web-Index": ("index.html", "", "ü"), "X-Container-Meta-Web-Listings": TEXTS,
    "Origin": ("http://a", "x"),
    "X-Container-Meta-Access-Control-Allow-Origin": ("*", "http://a"),
    "Accept": ("application/json", "text/html", "x", "*/*"),
    "X-Container-Meta-Temp-Url-Key": ("key",), "X-Timestamp": NUMBERS, "Referer": ("http://a/", "http://[", "x"),
}  # fmt: skip
PARAMETERS: dict[str, tuple[str, ...]] = {
    "multipart-manifest": ("put", "get", "delete", "x"), "extract-archive": ("tar", "tar.gz", "tar.bz2", "zip"),
    "bulk-delete": ("", "1"), "format": ("json", "xml", "plain", "x"), "limit": NUMBERS, "marker": TEXTS, "end_marker": TEXTS,
    "prefix": TEXTS, "delimiter": ("/", "", "ab"), "reverse": TEXTS, "path": TEXTS, "symlink": ("get", "x"),
    "version-id": ("null", *NUMBERS), "versions": ("", "1"), "temp_url_sig": ("0" * 40, "x", "sha256:"),
    "temp_url_expires": ("9999999999", *NUMBERS), "temp_url_prefix": TEXTS, "temp_url_ip_range": ("1.2.3.4/8", "x"),
    "filename": TEXTS, "inline": ("",),
}  # fmt: skip


def _archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in (("c/in", b"few"), ("../out", b"x"), ("c/many", bytes(50_000))):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


BODIES = (
    b"", b"few bytes", bytes(range(256)) * 200, _archive(), b"c/o\nd/many\n%00\n", b"[]", b"{}", b"[" * 2000,
    json.dumps([{"path": "/s/1"}, {"path": "/s/2", "range": "0-3"}, {"data": "eA=="}]).encode(),
    json.dumps([{"path": "/c/absent", "size_bytes": -1, "etag": 5}]).encode(),
    b"--x\r\nContent-Disposition: form-data\r\n\r\n",
)  # fmt: skip


def request(random: Random) -> tuple[str, str, str | None, dict[str, str], bytes]:
    """(method, path with its query, person, headers, body)."""
    method = random.choice(METHODS)
    parts = [random.choice(each) if random.random() < 0.3 else each[0] for each in (ACCOUNTS, CONTAINERS, OBJECTS)]
    path = "/".join(parts[: random.choice((1, 2, 2, 3, 3, 3, 3))])
    asked = [
        (name, random.choice(PARAMETERS[name])) for name in random.sample([*PARAMETERS], random.choice((0, 0, 1, 1, 2)))
    ]
    headers = {name: random.choice(HEADERS[name]) for name in random.sample([*HEADERS], random.choice((0, 1, 1, 2, 3)))}
    if method == "COPY" and random.random() < 0.7:
        headers["Destination"] = random.choice(PLACES)
    query = "&".join(f"{name}={value}" for name, value in asked)
    return method, f"{ROOT}/{path}?{query}".rstrip("?"), random.choice(PERSONS), headers, random.choice(BODIES)


def play(cloud: Cloud, seed: int, times: int) -> Counter[str]:
    random, seen = Random(seed), Counter[str]()
    for path in ("c", "d", "old", "s"):
        ask(cloud, "PUT", f"/{path}")
    for number in range(times):
        if number % 50 == 0:
            # Some of it goes again; what stands must be met too.
            for path, body in (
                ("/c", b""),
                ("/d", b""),
                ("/s", b""),
                ("/s/1", b"one"),
                ("/s/2", BODIES[2]),
                ("/c/o", b"old"),
            ):
                ask(cloud, "PUT", path, body=body)
        method, path, person, headers, body = request(random)
        told = f"seed {seed}, request {number}: {method} {path} as {person} {headers} {body[:60]!r}"
        try:
            answer = ask(cloud, method, path, as_=person, headers=headers, body=body)
        except Exception as error:
            error.add_note(told)
            raise
        seen[f"{method} {answer.status // 100}xx"] += 1
        assert answer.status < 500 or answer.status == 501, f"{told}: {answer.status} {answer.text[:300]}"
    return seen


def test_no_request_to_the_object_store_ends_in_a_server_error(cloud: Cloud, tmp_path: Path) -> None:
    seen = play(cloud, int(os.environ.get("KUMOI_SEED", "1")), REQUESTS)
    for method in ("PUT", "POST", "DELETE", "GET", "HEAD"):
        assert seen[f"{method} 2xx"] and seen[f"{method} 4xx"], seen
    store: Any = cloud.engines[ObjectStore]
    store.tidy()
    assert [each for each in cloud.audit() if each["service"] == "object_store"] == []
    report.note("fuzz of objects", f"{REQUESTS} requests", dict(seen))
