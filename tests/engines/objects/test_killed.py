"""Two processes write to one store on several disks. They are killed, and disks come and go; what was answered is there."""

import os
import shutil
import signal
from functools import partial
from pathlib import Path
from random import Random

import pytest

from kumoi.engines.objects import repair
from kumoi.engines.objects.interface import ObjectsError
from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.engines.objects.doing import content, described
from tests.engines.objects.many import away, made, opened
from tests.waits import until

POLICIES, COUNT = "three=3,coded=4+2", 6
LIVES, CHANGES = 4, 40
"""Of both processes, and of one in each life."""
SIZES = (5, 200, 5000, 40_000, 300_000, 1_200_000)


def bytes_of(mark: str, size: int) -> bytes:
    return (f"{mark}-".encode() * size)[:size]


def work(folder: Path, policy: str, seed: int, log: Path) -> None:
    """Writes what it tries and what was answered to `log`, until it is killed."""
    random, store, number = Random(seed), opened(folder, POLICIES, COUNT), 0
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    where = store.write(lambda tx: tx.put_container("a", policy, {}, policy)).result()
    while True:
        number += 1
        name, size, mark = str(random.randrange(30)), random.choice(SIZES), f"{seed}.{number}"
        os.write(said, f"begun {name} {mark} {size}\n".encode())
        try:
            writer = store.begin(policy)
            writer.write(bytes_of(mark, size))
            stored = writer.finish()
            store.write(lambda tx, n=name, s=stored: tx.put_object(where, described(n, s), s)).result()  # type: ignore[misc]
            writer.keep()
        except ObjectsError:
            os.write(said, f"refused {name} {mark} {size}\n".encode())
            continue
        os.write(said, f"answered {name} {mark} {size}\n".encode())
        if policy == "coded" and number % 7 == 0:
            store.mend()
            store.tidy()


def child(folder: Path, policy: str, seed: int, log: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work(folder, policy, seed, log)
    finally:
        os._exit(1)


def lines(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def written(logs: dict[str, Path], wanted: int) -> bool:
    return min(map(len, map(lines, logs.values()))) >= wanted


def test_processes_that_are_killed_lose_nothing_that_they_answered(tmp_path: Path) -> None:
    pytest.importorskip("pyeclib")
    random, gone = Random(1), list[str]()
    made(tmp_path, POLICIES, COUNT).close()
    logs = {policy: tmp_path / policy for policy in ("three", "coded")}
    for life in range(LIVES):
        pids = [child(tmp_path, policy, 2 * life + each, log) for each, (policy, log) in enumerate(logs.items())]
        try:
            for part in range(1, 4):
                wanted = 2 * CHANGES * life + part * CHANGES // 2
                until(partial(written, logs, wanted), f"{wanted} lines of both processes")
                store = opened(tmp_path, POLICIES, COUNT)
                if not gone:
                    gone = [random.choice("abcdef")]
                    away(store, *gone)
                else:
                    root = store.layout.disks[gone[0]]
                    if random.random() < 0.5:
                        shutil.rmtree(root)
                        root.with_name(f"{root.name}-away").rename(root)
                    else:
                        shutil.rmtree(root.with_name(f"{root.name}-away"))
                        assert store.disks.take(gone[0], replaced=True) == ""
                    gone = []
                store.close()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        assert ended == [-signal.SIGKILL] * 2
    store = opened(tmp_path, POLICIES, COUNT)
    for name in gone:
        assert store.disks.take(name, replaced=True) == ""
    for policy, log in logs.items():
        possible: dict[str, list[tuple[str, int] | None]] = {}
        for what, name, mark, size in lines(log):
            known = possible.setdefault(name, [None])
            if what == "begun":
                known.append((mark, int(size)))
            elif what == "answered":
                possible[name] = [(mark, int(size))]
            else:
                known.remove((mark, int(size)))
        where = store.read(lambda tx, policy=policy: tx.container("a", policy))  # type: ignore[misc]
        assert where is not None
        for name, each in possible.items():
            assert content(store, where, name) in [one and bytes_of(*one) for one in each], (policy, name, each)
    with clock.using(VirtualClock(clock.now())):
        for _ in range(2):
            clock.sleep(100)
            store.mend()
            store.tidy()
    assert list(store.differences()) == []
    repair.compare_copies(store)
    assert len(store.disks.state().copies) == 3
    store.close()
