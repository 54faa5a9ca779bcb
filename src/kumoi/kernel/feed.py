"""Hands the feed of changes to the streams of many clients: one reader for all of them, in the process that has their
connections. It runs only while there are any."""

import asyncio
import contextlib
import contextvars
import functools
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from kumoi.kernel import changes, clock, epochs, log, operations
from kumoi.kernel.changes import ChangeRow, Position
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import ApiError, TooManyRequests, Unavailable
from kumoi.kernel.wakeup import BellListener
from kumoi.kernel.who import Who

T = TypeVar("T")
PAGE = 1000
"""Changes that one transaction reads."""
MOST_BEHIND = 20_000
"""A client that missed more changes has to read its lists again instead."""
MOST_WAITING = 2000
"""Messages that wait for a slow client."""
MOST_STREAMS = 1000
MOST_OF_ONE_USER = 20
POLL_SECONDS = 2.0
"""The longest time that a change waits when a bell was lost."""
REST_SECONDS = 0.02
"""Between two reads, so that a burst of commits costs few."""
HEARTBEAT_SECONDS = 15.0


class Notice(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a client reads about a change. `subjects`: of an operation."""

    service: str
    resource: str
    id: str
    project_id: str | None
    kind: str
    subjects: list[str] | msgspec.UnsetType = msgspec.UNSET


class Change(NamedTuple):
    row: ChangeRow
    message: bytes


def message(event: str | None, place: Position | None, data: Any) -> bytes:
    """A server-sent event. A client that comes back names the last `id`."""
    lines = [f"event: {event}"] if event else []
    lines += [f"id: {place}"] if place else []
    return "\n".join([*lines, f"data: {msgspec.json.encode(data).decode()}", "", ""]).encode()


def read(tx: Transaction, position: Position) -> tuple[list[Change], Position | None]:
    """A page of changes after `position`, each resource's last one, and the place of the page's end; None: there are no
    more."""
    rows = changes.after(tx, position, PAGE)
    last = {_about(row): row for row in rows}
    kept = sorted(last.values(), key=changes.place)
    operation_ids = [row["key"] for row in kept if row["resource"] == "operation"]
    subjects: dict[str, list[str]] = {id: [] for id in operation_ids}
    for operation_id, subject in operations.subjects_of(tx, operation_ids):
        subjects[operation_id].append(subject)
    made = [Change(row, message(None, changes.place(row), _notice(row, subjects))) for row in kept]
    return made, changes.place(rows[-1]) if rows else None


def _about(row: ChangeRow) -> tuple[Any, ...]:
    """Of changes with the same one, the last says all."""
    return row["service"], row["resource"], row["key"], row["project_id"], row["user_id"], row["everyone"]


def _notice(row: ChangeRow, subjects: dict[str, list[str]]) -> Notice:
    return Notice(
        service=row["service"], resource=row["resource"], id=row["key"], project_id=row["project_id"],
        kind="deleted" if row["gone"] else "changed",
        subjects=subjects[row["key"]] if row["resource"] == "operation" else msgspec.UNSET,
    )  # fmt: skip


class Follower:
    """The stream of one client: an iterator of server-sent events. `aclose` it in the end."""

    def __init__(self, feed: "Feed", who: Who, check: Callable[[], Who], after: Position | None) -> None:
        self.who = who
        self.check = check
        self._feed = feed
        self._after = after
        self._waiting: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._over = False
        self._messages = self._run()

    def __aiter__(self) -> "Follower":
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._messages)

    async def aclose(self) -> None:
        self._feed.leave(self)
        await self._messages.aclose()

    def tell(self, found: Iterable[Change]) -> None:
        for change in found:
            if not self._over and changes.visible(self.who, change.row):
                if len(self._waiting) == MOST_WAITING:
                    self._waiting.clear()
                    self.end(message("reset", self._feed.position, {"reason": "the client reads too slowly"}))
                else:
                    self._waiting.append(change.message)
        self._ready.set()

    def end(self, last: bytes) -> None:
        """End the stream with this message, after those that wait."""
        self._waiting.append(last)
        self._over = True
        self._ready.set()

    async def _run(self) -> AsyncGenerator[bytes]:
        until = await self._feed.join(self)
        # From now on the feed checks after each change of identity. This is for one just before.
        await self._feed.check(self)
        yield message("hello", until if self._after is None else None, {"position": str(until)})
        async for missed in self._missed(until):
            yield missed
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._over:
                return
            self._ready.clear()
            left = (self.who.expires_at - clock.now()) / clock.SECOND if self.who.expires_at else HEARTBEAT_SECONDS
            if left <= 0:
                yield message("end", None, {"reason": "the token has expired"})
                return
            try:
                async with asyncio.timeout(min(left, HEARTBEAT_SECONDS)):
                    await self._ready.wait()
            except TimeoutError:
                # The id goes on too, also for a client that sees few of the changes, but not past one that waits.
                if not self._waiting:
                    yield f": beat\nid: {self._feed.position}\n\n".encode()

    async def _missed(self, until: Position) -> AsyncIterator[bytes]:
        """What was changed between the client's last position and the moment of its return."""
        after = self._after
        if after is None:
            return
        if until.id - after.id > MOST_BEHIND or not await self._feed.ask(lambda tx: changes.known(tx, after)):
            yield message("reset", until, {"reason": "the position is too old"})
            return
        at: Position | None = after
        while at is not None and at < until:
            found, at = await self._feed.ask(functools.partial(read, position=at))
            for change in found:
                if changes.place(change.row) <= until and changes.visible(self.who, change.row):
                    yield change.message


class Feed:
    """Reads the changes of one database for all followers. It belongs to one event loop."""

    def __init__(self, database: Database, bell: Path) -> None:
        """`bell`: the path of the socket at which commits ring."""
        self.database = database
        self.loop = asyncio.get_running_loop()
        self.position = changes.BEGIN
        self._bell = bell
        self._admitted: set[Follower] = set()
        self._joined: set[Follower] = set()
        self._epochs = 0
        self._rung = asyncio.Event()
        self._beginning = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(2, "changes")

    def follow(self, who: Who, check: Callable[[], Who], after: Position | None) -> Follower:
        """TooManyRequests if there are too many streams. `check` returns the caller as of now; ApiError if the token or
        the right to read has ended."""
        if sum(each.who.user_id == who.user_id for each in self._admitted) >= MOST_OF_ONE_USER:
            raise TooManyRequests(f"You have {MOST_OF_ONE_USER} open streams of changes; close one.", 10)
        if len(self._admitted) >= MOST_STREAMS:
            raise TooManyRequests("There are too many open streams of changes; try again later.", 30)
        follower = Follower(self, who, check, after)
        self._admitted.add(follower)
        return follower

    async def ask(self, question: Callable[[Transaction], T]) -> T:
        """Read in a thread of the feed's own, which no upload can occupy."""
        return await self.loop.run_in_executor(self._threads, self.database.read, question)

    async def join(self, follower: Follower) -> Position:
        """Every change after the returned position is told to the follower."""
        async with self._beginning:
            if self._reading is None or self._reading.done():
                await self.loop.run_in_executor(self._threads, self.database.write, changes.forget_foreign)
                self.position, self._epochs = await self.ask(lambda tx: (changes.newest(tx), epochs.total(tx)))
                self._joined.clear()
                # without the context of the request that happens to be the first
                self._reading = self.loop.create_task(self._read(), context=contextvars.Context())
            self._joined.add(follower)
            return self.position

    def leave(self, follower: Follower) -> None:
        self._admitted.discard(follower)
        self._joined.discard(follower)
        self._rung.set()

    def end(self) -> None:
        for follower in self._admitted:
            follower.end(message("end", None, {"reason": "the cloud restarts"}))

    async def _read(self) -> None:
        listener = BellListener(self._bell)
        self.loop.add_reader(listener.fileno(), self._hear, listener)
        self._rung.set()
        try:
            # `join` never finds the task between the condition and its end.
            while self._joined:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._rung.wait()
                self._rung.clear()
                try:
                    while await self._step():
                        pass
                except Exception:
                    log.fault(__name__, "changes could not be read")
                    await asyncio.sleep(POLL_SECONDS)
                await asyncio.sleep(REST_SECONDS)
        finally:
            self.loop.remove_reader(listener.fileno())
            listener.close()
            self._bell.unlink(missing_ok=True)

    def _hear(self, listener: BellListener) -> None:
        listener.wait(0.0)
        self._rung.set()

    async def _step(self) -> bool:
        """Whether there was a change."""
        begin = self.position
        (found, place), total = await self.ask(lambda tx: (read(tx, begin), epochs.total(tx)))
        if total != self._epochs and (self._checking is None or self._checking.done()):
            self._epochs = total
            self._checking = self.loop.create_task(self._check_all())
        if place is None:
            return False
        self.position = place
        for follower in self._joined:
            follower.tell(found)
        return True

    async def _check_all(self) -> None:
        """End the streams whose token or right has ended."""
        for follower in list(self._joined):
            await self.check(follower)

    async def check(self, follower: Follower) -> None:
        try:
            follower.who = await self.loop.run_in_executor(self._threads, follower.check)
        except Unavailable:
            self._epochs = -1
        except ApiError as error:
            follower.end(message("end", None, {"reason": error.message}))
        except Exception:
            # The others are checked all the same, and this one again.
            log.fault(__name__, "a caller could not be checked")
            self._epochs = -1


_feed: Feed | None = None


def of(database: Database, bell: Path) -> Feed:
    """The feed of this process's database."""
    global _feed
    if _feed is None or _feed.database is not database or _feed.loop is not asyncio.get_running_loop():
        _feed = Feed(database, bell)
    return _feed


def end() -> None:
    """End all streams, because the process ends."""
    if _feed is not None:
        _feed.end()
