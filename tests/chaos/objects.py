"""Clients that keep objects while processes are killed. What was answered is there as a whole; after a lost answer, the old
object is or the new one."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import httpx

from tests.chaos.client import AGAIN, PATIENCE, TRY_AGAIN, Client, NotYet, Tally
from tests.end_to_end.clouds import Cloud

KEEPERS = 2
SIZES = (0, 700, 30_000, 40_000, 300_000, 5_000_000)
CHUNK = 64 << 10
PAUSE = 0.02
"""Between two chunks of a large upload, so that kills meet it half-way."""
NAMES = 12
LARGE = "large/"
"""The beginning of names of large objects with segments."""
Body = Callable[[], Iterator[bytes]]


class Keeper(threading.Thread):
    """One client with a container of its own. `known`: name → its bytes, or several that it may have."""

    def __init__(self, cloud: Cloud, tally: Tally, seed: str, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.tally, self.random, self.stop = tally, Random(f"{seed} keeper {number}"), stop
        self.client = Client(cloud, tally, self.random)
        self.container = f"kept-{number}"
        self.known: dict[str, bytes | None] = {}
        self.acts = 0
        self.uploads_met = 0
        """Uploads whose answer was lost."""

    @property
    def root(self) -> str:
        return f"/object-store/v1/AUTH_{self.client.project_id}/{self.container}"

    def run(self) -> None:
        try:
            while self._once("PUT", "", None, {}) is None:
                time.sleep(AGAIN)
            while not self.stop.is_set():
                act = self.random.choice((self.put, self.put, self.put, self.delete, self.copy, self.large, self.look))
                act()
                self.acts += 1
        except Exception as error:
            self.tally.fault(f"{self.container}: {type(error).__name__}: {error}")

    def put(self) -> None:
        name, size = self._one_name(), self.random.choice(SIZES)
        self._write(name, self.random.randbytes(size))

    def _write(self, name: str, data: bytes) -> None:
        """Until it is answered. After each lost answer the object must be the old one or the new one."""
        old = self.known.get(name)
        began = time.monotonic()
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(data))}
        while True:
            answer = self._once("PUT", f"/{name}", lambda: _slowly(data), headers)
            if answer is not None and answer.status_code not in (400, 408):
                break
            # A killed front ends the body too early, which is 400 where the answer still arrives.
            self.uploads_met += 1
            found = self._read(name)
            if found not in (old, data):
                self.tally.fault(f"{self.container}/{name} is neither old nor new after a lost answer: {_told(found)}")
            if time.monotonic() - began > PATIENCE:
                self.tally.fault(f"{self.container}/{name} could not be written for {PATIENCE:.0f} s")
                return
            time.sleep(AGAIN)
        if answer.status_code != 201:
            self.tally.fault(f"PUT {name}: {answer.status_code} {answer.text[:200]}")
        self.known[name] = data
        self._check(name)

    def delete(self) -> None:
        name = self._one_name()
        self._until("DELETE", f"/{name}", also=(404,))
        self.known[name] = None
        self._check(name)

    def copy(self) -> None:
        source, target = self._one_name(), self._one_name()
        if self.known.get(source) is None:
            return
        self._until("COPY", f"/{source}", headers={"Destination": f"{self.container}/{target}"})
        self.known[target] = self.known[source]
        self._check(target)

    def large(self) -> None:
        """Two segments and their manifest, then all of them gone."""
        parts = [self.random.randbytes(self.random.choice((1000, 200_000))) for _ in range(2)]
        names = [f"{LARGE}{number}" for number in range(2)]
        for name, data in zip(names, parts, strict=True):
            self._write(name, data)
        manifest = json.dumps([{"path": f"/{self.container}/{name}"} for name in names]).encode()
        self._until("PUT", "/whole?multipart-manifest=put", lambda: iter((manifest,)))
        if (found := self._read("whole")) != b"".join(parts):
            self.tally.fault(f"{self.container}/whole has other bytes than its segments: {_told(found)}")
        self._until("DELETE", "/whole?multipart-manifest=delete", also=(404,))
        for name in names:
            self._until("DELETE", f"/{name}", also=(404,))
            self.known[name] = None
            self._check(name)

    def look(self) -> None:
        """All names and the counter, which are exact at once."""
        listed = self._until("GET", "?format=json").json()
        there = {name: len(data) for name, data in self.known.items() if data is not None}
        if {each["name"]: each["bytes"] for each in listed} != there:
            self.tally.fault(f"{self.container} lists {[each['name'] for each in listed]}, and holds {sorted(there)}")
        counted = self._until("HEAD", "").headers
        said = int(counted["x-container-object-count"]), int(counted["x-container-bytes-used"])
        if said != (len(there), sum(there.values())):
            self.tally.fault(f"{self.container} counts {said}, and holds {(len(there), sum(there.values()))}")

    def end(self) -> None:
        """Every object is what was told; then all go."""
        self.look()
        for name in sorted(self.known):
            self._check(name)
            self._until("DELETE", f"/{name}", also=(404,))
        self._until("DELETE", "", also=(404,))

    def _one_name(self) -> str:
        return f"object-{self.random.randrange(NAMES)}"

    def _check(self, name: str) -> None:
        if (found := self._read(name)) != self.known.get(name):
            self.tally.fault(f"{self.container}/{name} is {_told(found)}, not {_told(self.known.get(name))}")

    def _read(self, name: str) -> bytes | None:
        answer = self._until("GET", f"/{name}", also=(404,))
        return None if answer.status_code == 404 else answer.content

    def _until(
        self, method: str, path: str, body: Body | None = None, headers: dict[str, str] | None = None,
        also: tuple[int, ...] = (),
    ) -> httpx.Response:  # fmt: skip
        """The answer, after repetitions."""
        began = time.monotonic()
        while (answer := self._once(method, path, body, headers or {})) is None:
            if time.monotonic() - began > PATIENCE:
                raise AssertionError(f"{method} {path} got no answer for {PATIENCE:.0f} s")
            time.sleep(AGAIN)
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - began)
        if answer.status_code >= 300 and answer.status_code not in also:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def _once(self, method: str, path: str, body: Body | None, headers: dict[str, str]) -> httpx.Response | None:
        """None: no answer, or one that says to try again."""
        shown = f"{method} object"
        try:
            self.client.sign_in()
            sent = {"X-Auth-Token": self.client.token, **headers}
            content: Any = body() if body else b""
            answer = self.client.http.request(method, self.root + path, content=content, headers=sent)
            # A download that a killed process cut short raises here.
            if (
                int(answer.headers.get("content-length", len(answer.content))) != len(answer.content)
                and method == "GET"
            ):
                raise httpx.ReadError("the body is incomplete")
        except (httpx.TransportError, NotYet) as error:
            self.tally.miss(f"{shown}: {type(error).__name__}")
            return None
        if answer.status_code in TRY_AGAIN:
            self.tally.miss(f"{shown}: {answer.status_code}")
            return None
        self.tally.note(f"{shown} {answer.status_code}")
        if answer.status_code >= 500:
            self.tally.fault(f"{shown} answered {answer.status_code}: {answer.text[:300]}")
        return answer


def _slowly(data: bytes) -> Iterator[bytes]:
    for begin in range(0, len(data), CHUNK):
        yield data[begin : begin + CHUNK]
        time.sleep(PAUSE)


def _told(data: bytes | None) -> str:
    return "absent" if data is None else f"{len(data)} bytes, {hashlib.md5(data).hexdigest()[:8]}"


def left(cloud: Cloud) -> list[str]:
    """Files that the object store still has."""
    folders = ("files/*", "incoming")
    return [str(path) for each in folders for path in (cloud.data / "objects").glob(f"{each}/*") if path.is_file()]
