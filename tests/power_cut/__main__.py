"""`python -m tests.power_cut [--cuts N] [--seed S] [--guests G]`: records the life of a cloud, cuts the power, restarts
it, and checks it."""

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from kumoi.kernel import clock
from tests.matrix import report
from tests.matrix.children import Fell, in_child
from tests.power_cut import afterwards, trace
from tests.power_cut.afterwards import Promises
from tests.power_cut.cloud import THE_WORLD
from tests.power_cut.disk import Disk, Luck

ROOT = Path(__file__).parents[2]
RECORDED_WITHIN = 300.0
DRAWS = 4
"""Random states of the disk for each barrier."""
CORES = 2
CUT_WITHIN = 3600
MOST = {"fake": 1_000_000, "disks": 1_000_000, "qemu": 300}
"""The maximum number of cuts. Restarting QEMU takes time."""


@dataclass
class Found:
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Cut:
    """The power is cut before the event with this number (from 0). `luck` says which unsynced changes survive; `draw`
    is the number of the random choice."""

    event: int
    luck: Luck
    draw: int = 0


class Recording:
    """A recorded life of a cloud. `events` can be iterated repeatedly."""

    def __init__(self, folder: Path, guests: str = "fake", program: str = "tests.power_cut.scenario") -> None:
        self.folder, self.guests, self.program = folder, guests, program
        self.data, self.marks, self.out = folder / "data", folder / "marks", folder / "trace"

    def make(self) -> None:
        self.data.mkdir(parents=True)
        argv = [sys.executable, "-m", self.program, str(self.data), str(self.marks), self.guests]
        trace.record(argv, self.out, RECORDED_WITHIN, {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"})

    def walk(self) -> Iterator[tuple[int, Disk, Promises, bool, trace.Event]]:
        """Before each event: its number, the disk, the promises, and whether there is a new one. A promise is new until
        the next barrier, or until it or another one is withdrawn."""
        disk, promises, news = Disk(self.data, THE_WORLD), dict[str, dict[str, object]](), False
        every = (*trace.events(self.out, self.data, self.marks), trace.Event("sync", str(self.data)))
        for number, event in enumerate(every):
            yield number, disk, promises, news, event
            if event.what == "mark":
                promises.pop(event.told["subject"], None)
                if event.told["promise"] is not None:
                    promises[event.told["subject"]] = event.told["promise"]
                news = event.told["promise"] is not None
                continue
            disk.do(event)
            if event.what == "sync":
                news = False


def choose(recording: Recording, most: int, random: Random, counts: Counter[str]) -> list[Cut]:
    """Every barrier with every luck, if these are not more than `most`. Otherwise a cut with nothing unsynced after
    each reply, and as many others as possible."""
    chosen, others = [], []
    for number, disk, _, news, event in recording.walk():
        counts["writes"] += event.what == "write"
        counts["changes of names"] += event.what in ("create", "mkdir", "unlink", "rmdir", "rename", "link")
        counts["answers"] += event.what == "mark" and event.told["promise"] is not None
        if news and event.what == "mark" and event.told["promise"] is None:
            chosen.append(Cut(number, Luck.NOTHING))
        if event.what != "sync":
            continue
        counts["barriers"] += 1
        (chosen if news else others).append(Cut(number, Luck.NOTHING))
        if disk.unsynced():
            others += [Cut(number, luck) for luck in (Luck.NAMES, Luck.ALL)]
            others += [Cut(number, Luck.SOME, draw) for draw in range(DRAWS)]
    room = most - len(chosen)
    if room < 0:
        return random.sample(chosen, most)
    return [*chosen, *(others if len(others) <= room else random.sample(others, room))]


def cut(recording: Recording, cuts: list[Cut], seed: int, place: Path) -> Found:
    """Each cut with the problems found after it. The folder is restored at `place`."""
    found = Found()
    wanted: dict[int, list[Cut]] = {}
    for each in cuts:
        wanted.setdefault(each.event, []).append(each)
    for number, disk, promises, _, event in recording.walk():
        for each in wanted.get(number, ()):
            disk.lay_out(afterwards.fresh(place), each.luck, Random(f"{seed} {each}"))
            wrong, looked_at = afterwards.problems(place, promises, recording.guests)
            found.counts["cuts"] += 1
            found.counts[f"cuts, kept: {each.luck.value}"] += 1
            found.counts["promises checked"] += looked_at
            where = f"{event.what} {event.path.removeprefix(str(recording.data))}"
            told = f"cut before event {number} ({where}), kept: {each.luck.value}"
            found.broken += [f"{told}: {problem}" for problem in wrong]
    return found


def play(cuts: int, seed: int, guests: str = "fake") -> Found:
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="k-cut-", dir=memory if memory.is_dir() else None))
    found = Found()
    try:
        recording = Recording(folder, guests)
        recording.make()
        chosen = choose(recording, cuts, Random(seed), found.counts)

        def share(core: int) -> Found:
            place = folder / f"cut-{core}" / "data"
            finished, part = in_child(lambda: cut(recording, chosen[core::CORES], seed, place), CUT_WITHIN)
            if not finished:
                raise Fell("a process died")
            return part

        with ThreadPoolExecutor(CORES) as pool:
            for part in pool.map(share, range(CORES)):
                found.counts += part.counts
                found.broken += part.broken
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="make power-cut")
    parser.add_argument("--cuts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--guests", choices=("fake", "disks", "qemu"), help="none: fake and disks, and qemu too for root"
    )
    arguments = parser.parse_args()
    both = ("fake", "disks", "qemu") if os.getuid() == 0 else ("fake", "disks")
    broken = 0
    for guests in (arguments.guests,) if arguments.guests else both:
        began = clock.monotonic()
        found = play(min(arguments.cuts, MOST[guests]), arguments.seed, guests)
        for problem in found.broken[:60]:
            print(problem)
        print(f"guests: {guests}")
        for what, times in found.counts.items():
            print(f"{times:8} {what}")
        print(f"{clock.monotonic() - began:.0f} s", flush=True)
        report.note("power-cut", f"make power-cut, guests: {guests}", dict(found.counts))
        broken += len(found.broken)
    if broken:
        sys.exit(f"{broken} promises broken")


if __name__ == "__main__":
    main()
