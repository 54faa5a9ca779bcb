"""Sends what changed in a container to its copy in another cloud: each object as it is now, with its time, so that the other
cloud ignores what it has already. Several objects go at once."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from kumoi.engines.objects.interface import Change, Container, Object, ObjectsError, ObjectStore, Reading
from kumoi.kernel import log, randomness
from kumoi.services.object_store import limits, realms
from kumoi.services.object_store.asked import timestamp
from kumoi.services.object_store.objects import logic
from kumoi.services.object_store.realms import Target
from kumoi.services.object_store.sync.lines import Answer, Down, Line
from kumoi.services.object_store.synced import AUTH, KEY, STAMP, instant

AT_ONCE = 8
"""Objects that are sent at the same time."""
ASKED_FIRST = 64 << 10
"""Bytes above which the other cloud is asked for its version before an object is sent."""
HOPELESS = 3 * AT_ONCE
"""Failures in a row after which a container rests."""
_NOT_SENT = ("last-modified", "accept-ranges", "etag", "x-timestamp")


class Refused(Exception):
    """The other cloud does not take an object."""


@dataclass
class Sent:
    """What became of a change: `bytes` None: nothing had to be sent."""

    change: Change
    problem: str = ""
    removed: bool = False
    bytes: int | None = None


class Sender:
    """Sends changes of one container."""

    def __init__(self, store: ObjectStore, container: Container, target: Target, user_key: str) -> None:
        self._store, self._container, self._target, self._user_key = store, container, target, user_key
        self._address = urlsplit(target.url)
        self._kept = threading.local()
        self._lines: list[Line] = []
        self._pool = ThreadPoolExecutor(AT_ONCE, "container-sync")

    def close(self) -> None:
        self._pool.shutdown()
        for line in self._lines:
            line.close()

    def send(self, changes: Iterable[Change], goes_on: Callable[[], bool]) -> Iterator[Sent]:
        """What became of each, in any order. Changes that were not begun when `goes_on` says no, or when nothing
        succeeds, are missing."""
        waiting = iter(changes)
        running: set[Future[Sent]] = set()
        failures = 0
        while True:
            while len(running) < AT_ONCE and failures < HOPELESS and goes_on():
                if (change := next(waiting, None)) is None:
                    break
                running.add(self._pool.submit(self._send, change))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                sent = each.result()
                failures = failures + 1 if sent.problem else 0
                yield sent

    def describe(self, headers: dict[str, str]) -> None:
        """Make the container of a copy, or set its metadata. Refused, Down."""
        answer = self._ask("PUT", "", headers)
        if answer.status not in (201, 202, 204):
            raise Refused(f"the container was answered {_told(answer)}")

    def _send(self, change: Change) -> Sent:
        try:
            return self._removed(change) if change.gone else self._put(change)
        except (Refused, Down, ObjectsError) as problem:
            return Sent(change, str(problem)[:500])
        except Exception as error:
            log.fault(__name__, "an object was not copied", container=self._container.name)
            return Sent(change, f"{type(error).__name__}: {error}"[:500])

    def _removed(self, change: Change) -> Sent:
        answer = self._ask("DELETE", change.name, {STAMP: timestamp(change.at)})
        # 404: it has gone there too. 409: it has a newer one.
        if answer.status not in (204, 404, 409):
            raise Refused(f"the removal of {change.name} was answered {_told(answer)}")
        return Sent(change, removed=answer.status == 204)

    def _put(self, change: Change) -> Sent:
        found = self._store.read(lambda tx: self._current(tx, change.name))
        if found is None:
            return Sent(change)  # It went, which is a change of its own.
        object, data = found
        if object.size > ASKED_FIRST and self._is_there(object):
            return Sent(change)
        headers = described(object)
        if object.place is None:
            answer = self._ask("PUT", object.name, headers, data)
        else:
            try:
                file = self._store.open(object.place)
            except ObjectsError:
                return Sent(change)  # It was replaced meanwhile, which is a change of its own.
            with closing(file):
                answer = self._line().ask(
                    "PUT", self._path(object.name), self._signed("PUT", object.name, headers), file, object.size
                )
        if answer.status not in (201, 202):
            raise Refused(f"{object.name} was answered {_told(answer)}")
        return Sent(change, bytes=object.size if answer.status == 201 else None)

    def _current(self, tx: Reading, name: str) -> tuple[Object, bytes] | None:
        place = tx.container(self._container.account, self._container.name)
        if place is None or place.id != self._container.id:
            return None
        found = logic.standing(tx, place, name)
        if found is None:
            return None
        return found, tx.data(place, name) if found.place is None else b""

    def _is_there(self, object: Object) -> bool:
        answer = self._ask(
            "HEAD", object.name, {STAMP: timestamp(object.at)}, query="?symlink=get&multipart-manifest=get"
        )
        if answer.status == 404:
            return False
        if answer.status not in (200, 204):
            raise Refused(f"{object.name} was answered {_told(answer)}")
        return instant(answer.headers.get(STAMP, "0")) >= object.at

    def _line(self) -> Line:
        line: Line | None = getattr(self._kept, "line", None)
        if line is None:
            line = self._kept.line = Line(self._address)
            self._lines.append(line)
        return line

    def _path(self, name: str) -> str:
        return self._address.path + (f"/{quote(name)}" if name else "")

    def _signed(self, method: str, name: str, headers: dict[str, str]) -> dict[str, str]:
        if not self._target.realm:
            return {**headers, KEY: limits.encoded(self._user_key)}
        nonce = randomness.new_hex()
        key = "" if self._target.whole else self._user_key
        signature = realms.signature(method, self._path(name), headers.get(STAMP, "0"), nonce, self._target.key, key)
        return {**headers, AUTH: f"{self._target.realm} {nonce} {signature}"}

    def _ask(self, method: str, name: str, headers: dict[str, str], body: bytes = b"", query: str = "") -> Answer:
        return self._line().ask(method, self._path(name) + query, self._signed(method, name, headers), body)


def described(object: Object) -> dict[str, str]:
    """The headers of a PUT that makes the same object again."""
    found = {key: value for key, value in logic.headers_of(object).items() if key.lower() not in _NOT_SENT}
    hidden = {
        f"x-object-{key}": limits.encoded(value)
        for key, value in object.metadata.items()
        if key.startswith(limits.HIDDEN)
    }
    return {
        **found,
        **hidden,
        "Content-Type": limits.encoded(object.content_type),
        "ETag": object.etag,
        STAMP: timestamp(object.at),
    }


def _told(answer: Answer) -> str:
    return f"{answer.status} by the other cloud"
