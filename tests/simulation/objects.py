"""Plays the object store with interleavings that a seed decides: writers, the thread that commits groups, the thread that
settles links, the runner's sweeps, readers. They stop before and after each call that changes the disk. The streams process
dies and starts again, the disk is full or fails, time passes."""

import errno
import hashlib
import os
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from kumoi.engines.objects.disk import SMALL, DiskObjects
from kumoi.engines.objects.interface import Container, Object, ObjectsError, Stored, Writing
from kumoi.kernel import clock, durable, randomness
from kumoi.kernel.randomness import SeededSource
from tests.stepped import at

CALLS = ("open", "write", "fsync", "link", "unlink", "mkdir")
TURNS, WRITERS, NAMES = 250, 4, 3
SIZES = (0, 5, SMALL, SMALL + 1, 3 * SMALL)
KINDS = (
    "the streams die", "the disk is full", "the disk fails", "time passes", "a group of several", "a sweep tidies",
    "an upload is dropped", "replaced while it is read",
)  # fmt: skip
"""Everything that a long run must contain."""


class Killed(BaseException):
    """The process of this thread is dead. It executes nothing more."""


class Broken(AssertionError):
    """A promise does not hold."""


class Walker(threading.Thread):
    """Runs only while it has the turn."""

    def __init__(self, work: Callable[[], None], *, of_streams: bool) -> None:
        super().__init__(daemon=True)
        self.work, self.of_streams = work, of_streams
        self.turn, self.back = threading.Semaphore(0), threading.Semaphore(0)
        self.ended = self.killed = False
        self.defect: BaseException | None = None
        self.start()

    def go(self) -> None:
        self.turn.release()
        if not self.back.acquire(timeout=60):
            raise Broken("a walker hangs")
        if self.defect:
            raise Broken(f"a walker fell: {self.defect!r}") from self.defect

    def stop(self) -> None:
        """In its own thread."""
        self.back.release()
        self.turn.acquire()
        if self.killed:
            raise Killed

    def run(self) -> None:
        self.turn.acquire()
        try:
            if not self.killed:
                self.work()
        except Killed:
            pass
        except BaseException as error:
            self.defect = error
        finally:
            self.ended = True
            self.back.release()


class Play:
    """One seed on a folder."""

    def __init__(self, folder: Path, seed: int, seen: Counter[str]) -> None:
        self.folder, self.random, self.seen = folder, Random(seed), seen
        self.walkers: list[Walker] = []
        self.model: dict[str, bytes | None] = {}
        """Name → its bytes, by the last transaction that was committed."""
        self.calm = False
        self.story: list[str] = []
        self.writers: list[Any] = []
        self.settling = -1
        """The open file whose link is being settled."""
        self.real = {name: getattr(os, name) for name in CALLS}

    def act(self) -> None:
        with at(), randomness.using(SeededSource(self.random.getrandbits(32))):
            self.runner = DiskObjects(self.folder)
            self.where: Container = self.runner.write(lambda tx: tx.put_container("a", "c", {}, "")).result()
            self._start()
            with self._calls_are_stops():
                for _ in range(TURNS):
                    self._turn()
                self.calm = True
                while self.walkers:
                    self._walk(self.random.choice(self.walkers))
            self._check()
            self.streams._groups._thread = self.streams._settler._thread = None
            self.streams.close()
            self.runner.close()

    def _start(self) -> None:
        """A new streams process. Its two threads are walkers."""
        self.streams = DiskObjects(self.folder)
        self.streams._groups._thread = self.streams._settler._thread = threading.current_thread()
        self.streams.make()

    def _die(self) -> None:
        self.seen["the streams die"] += 1
        self.story.append("the streams die")
        for walker in self.walkers:
            if walker.of_streams:
                walker.killed = True
                walker.turn.release()
                walker.join(60)
        self.walkers = [each for each in self.walkers if not each.ended]
        # Its files are closed, and so unlocked.
        waiting = self.streams._settler._waiting
        handles = [handle for handle in (self.settling, *(each._handle for each in self.writers)) if handle >= 0]
        self.settling = -1
        while not waiting.empty():
            if entry := waiting.get():
                handles.append(entry[2])
        for handle in handles:
            os.close(handle)
        self.writers.clear()
        if (connection := self.streams._groups._connection) is not None:
            connection.close()
        while self.streams._readers:
            self.streams._readers.pop().close()
        self._start()

    def _turn(self) -> None:
        chance = self.random.random()
        if chance < 0.25 and sum(each.of_streams for each in self.walkers) < WRITERS:
            self._spawn(self.random.choice((self._put, self._put, self._put, self._delete, self._drop, self._read)))
        elif chance < 0.32:
            self._spawn(self._commit)
        elif chance < 0.37:
            self._spawn(self._settle)
        elif chance < 0.41:
            self._spawn(self._tidy, of_streams=False)
        elif chance < 0.44:
            self.seen["time passes"] += 1
            clock.sleep(self.random.choice((1.0, 10.0, 40.0)))
        elif chance < 0.455:
            self._die()
        elif self.walkers:
            self._walk(self.random.choice(self.walkers))

    def _spawn(self, work: Callable[[], None], *, of_streams: bool = True) -> None:
        if any(each.work == work for each in self.walkers) and work in (self._commit, self._settle, self._tidy):
            return  # There is one of each.
        walker = Walker(work, of_streams=of_streams)
        self.walkers.append(walker)
        self._walk(walker)

    def _walk(self, walker: Walker) -> None:
        if self.calm and not self._current_work_goes_on():
            # What waits for a group needs the thread that commits it.
            self.walkers.append(Walker(self._commit, of_streams=True))
        walker.go()
        self.walkers = [each for each in self.walkers if not each.ended]

    def _current_work_goes_on(self) -> bool:
        return any(each.work == self._commit for each in self.walkers) or self.streams._groups._queue.empty()

    # what the streams do

    def _put(self) -> None:
        name, data = f"o{self.random.randrange(NAMES)}", self.random.randbytes(self.random.choice(SIZES))
        streams = self.streams
        writer: Any = streams.begin()
        self.writers.append(writer)
        try:
            for begin in range(0, len(data), SMALL):
                writer.write(data[begin : begin + SMALL])
            stored = writer.finish()
        except ObjectsError:
            writer.discard()
            return
        self._change(
            streams, name, data, lambda tx: tx.put_object(self.where, _described(tx, name, stored), stored), writer
        )

    def _drop(self) -> None:
        """The client went, or sent another checksum."""
        writer: Any = self.streams.begin()
        self.writers.append(writer)
        try:
            writer.write(self.random.randbytes(2 * SMALL))
            writer.finish()
        except ObjectsError:
            pass
        self.seen["an upload is dropped"] += 1
        writer.discard()

    def _delete(self) -> None:
        name = f"o{self.random.randrange(NAMES)}"
        self._change(self.streams, name, None, lambda tx: tx.remove_object(self.where, name), None)

    def _change(
        self, streams: DiskObjects, name: str, data: bytes | None, work: Callable[[Writing], Any], writer: Any
    ) -> None:
        future = streams.write(work, frees=data is None)

        def done(_: Any) -> None:
            if future.exception() is None:
                self.model[name] = data
            if writer is not None:
                writer.discard() if future.exception() else writer.keep()

        future.add_done_callback(done)
        while not future.done():
            _current().stop()

    def _commit(self) -> None:
        groups = self.streams._groups
        if groups._queue.empty():
            return
        group, _ = groups._gather()
        self.seen["a group of several"] += len(group) > 1
        groups._commit(group)

    def _settle(self) -> None:
        settler = self.streams._settler
        while not settler._waiting.empty():
            entry = settler._waiting.get()
            assert entry is not None
            self.settling = entry[2]
            settler.settle([entry])
            self.settling = -1

    def _read(self) -> None:
        """Everything that a reader sees at one instant is whole, and stays so while it reads."""
        name = f"o{self.random.randrange(NAMES)}"
        found = self.streams.read(lambda tx: tx.object(self.where, name))
        expected = self.model.get(name)
        if (found is None) != (expected is None):
            raise Broken(f"{name} is {'absent' if found is None else 'there'}, against the last transaction")
        if found is None or expected is None:
            return
        if found.place is None:
            data = self.streams.read(lambda tx: tx.data(self.where, name))
            if data != expected:
                raise Broken(f"{name} has other bytes")
            return
        with self.streams.open(found.place) as file:
            _current().stop()
            data = file.read()
        self.seen["replaced while it is read"] += self.model.get(name) != expected
        if hashlib.md5(data).hexdigest() != found.etag or data != expected:
            raise Broken(f"{name} has other bytes")

    def _tidy(self) -> None:
        self.seen["a sweep tidies"] += 1
        try:
            self.runner.tidy()
        except (ObjectsError, OSError):
            if self.calm:
                raise

    # faults and checks

    @contextmanager
    def _calls_are_stops(self) -> Iterator[None]:
        def wrapped(name: str) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                walker = threading.current_thread()
                if not isinstance(walker, Walker) or not _changes(name, arguments):
                    return self.real[name](*arguments, **named)
                walker.stop()
                self._perhaps_fail(name)
                try:
                    return self.real[name](*arguments, **named)
                finally:
                    if name != "open":
                        walker.stop()

            return call

        for name in CALLS:
            setattr(os, name, wrapped(name))
        try:
            yield
        finally:
            for name in CALLS:
                setattr(os, name, self.real[name])

    def _perhaps_fail(self, name: str) -> None:
        if self.calm or self.random.random() > 0.03:
            return
        if name in ("open", "write", "link", "mkdir"):
            self.seen["the disk is full"] += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if name == "fsync":
            self.seen["the disk fails"] += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _check(self) -> None:
        """At rest: what was committed is there, counted exactly, and nothing else."""
        self._settle()
        for _ in range(2):
            clock.sleep(60.0)
            self.runner.tidy()
        if found := list(self.runner.differences()):
            raise Broken(f"the audit: {found}")
        there = {name: data for name, data in self.model.items() if data is not None}
        for number in range(NAMES):
            name = f"o{number}"
            object = self.runner.read(lambda tx, name=name: tx.object(self.where, name))  # type: ignore[misc]
            data = None if object is None else self._bytes(object)
            if data != there.get(name):
                raise Broken(f"{name} is not what was committed last")
        counted = self.runner.read(lambda tx: tx.container("a", "c"))
        assert counted is not None
        if (counted.objects, counted.bytes) != (len(there), sum(map(len, there.values()))):
            raise Broken(f"counted {counted.objects} objects of {counted.bytes} bytes, of {len(there)}")
        files = list(self.runner.files.glob("*/*"))
        large = sum(len(data) > SMALL for data in there.values())
        if len(files) != large or os.listdir(self.runner.incoming):
            raise Broken(f"left over: {files} for {large} large objects, {os.listdir(self.runner.incoming)}")

    def _bytes(self, object: Object) -> bytes:
        if object.place is None:
            return self.runner.read(lambda tx: tx.data(self.where, object.name))
        with self.runner.open(object.place) as file:
            return file.read()


def play(folder: Path, first: int, count: int) -> Counter[str]:
    """Plays seeds, each in a new folder. An error names its seed and ends its story."""
    seen: Counter[str] = Counter()
    before = durable.RESERVE
    durable.keep_free(0)
    try:
        for seed in range(first, first + count):
            playing = Play(folder / str(seed), seed, seen)
            try:
                playing.act()
            except BaseException as error:
                error.add_note(f"seed {seed}; {playing.story[-20:]}")
                raise
    finally:
        durable.keep_free(before)
    return seen


def _described(tx: Writing, name: str, stored: Stored) -> Object:
    return Object(name=name, size=stored.size, etag=stored.etag, content_type="t", at=tx.now, entry=f'"{name}"')


def _current() -> Walker:
    walker = threading.current_thread()
    assert isinstance(walker, Walker)
    return walker


def _changes(name: str, arguments: tuple[Any, ...]) -> bool:
    if name == "open":
        return bool(arguments[1] & os.O_CREAT)
    if name == "write":
        return stat.S_ISREG(os.fstat(arguments[0]).st_mode)
    return True
