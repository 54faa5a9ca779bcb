"""The runner process: `python -m kumoi.runner --data D` walks operations, applies dirty rows and sweeps."""

import argparse
import contextlib
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from kumoi import app
from kumoi.kernel import clock, log, reconcile
from kumoi.kernel.clock import SECOND
from kumoi.kernel.errors import DatabaseAway
from kumoi.kernel.runner import LEASE_SECONDS, next_due
from kumoi.kernel.wakeup import BellListener, Work

WORKERS = 12
POLL_SECONDS = 2.0
"""The longest time that work waits when a wake-up was lost."""
OVERDUE_SECONDS = 0.1
"""Seconds between two checks while there is more due work than workers."""


def serve(data: Path, stop: threading.Event) -> None:
    """Work until stopped. The next runner continues unfinished operations."""
    folder, settings, database = app.open_cloud(data, app.load_runner)
    # A worker may wait for the database as long as its lease.
    database.patience = LEASE_SECONDS
    locate = app.engines(folder, settings)
    runner = app.make_runner(database, locate)
    listener = BellListener(folder.runner_socket)
    work = threading.BoundedSemaphore(WORKERS)

    def wake() -> None:
        """Wake one more worker. A worker works until nothing is due, so more bells than workers are unnecessary."""
        with contextlib.suppress(ValueError):
            work.release()

    def walk() -> None:
        while not stop.is_set():
            work.acquire(timeout=POLL_SECONDS)
            try:
                while not stop.is_set() and runner.run_one(wake):
                    pass
            except Exception:
                log.fault(__name__, "runner worker failed")
                clock.sleep(0.5)

    def renew() -> None:
        while not stop.wait(LEASE_SECONDS / 3):
            try:
                runner.renew()
            except Exception:
                log.fault(__name__, "leases were not renewed")

    def sweep() -> None:
        began = clock.now()
        threads: dict[str, threading.Thread] = {}
        resting: dict[str, int] = {}

        def start(kind: str, run: Callable[[], None]) -> None:
            """Each in its own thread, so that a silent host delays no other."""
            if kind not in threads or not threads[kind].is_alive():
                threads[kind] = threading.Thread(target=run, name=f"sweep {kind}", daemon=True)
                threads[kind].start()

        while not stop.wait(1.0):
            try:
                reconcile.run_sweeps(database, locate, began, start, resting)
            except Exception:
                log.fault(__name__, "sweeps failed")

    def follow(dirty: threading.Event, asks_hosts: bool) -> None:
        while not stop.is_set():
            dirty.wait(POLL_SECONDS)
            dirty.clear()
            try:
                while reconcile.run_dirty(database, locate, asks_hosts=asks_hosts):
                    pass
            except Exception:
                log.fault(__name__, "dirty rows were not applied")
                clock.sleep(0.5)

    dirty = {asks_hosts: threading.Event() for asks_hosts in (False, True)}

    def follow_rows() -> None:
        for event in dirty.values():
            event.set()

    threads = [threading.Thread(target=walk, name=f"walk-{n}", daemon=True) for n in range(WORKERS)]
    threads += [
        threading.Thread(target=renew, name="renew", daemon=True),
        threading.Thread(target=sweep, name="sweep", daemon=True),
        *(
            threading.Thread(target=follow, args=(event, asks_hosts), name=f"follow-{asks_hosts}", daemon=True)
            for asks_hosts, event in dirty.items()
        ),
    ]
    for thread in threads:
        thread.start()
    log.say(__name__, "runner started", workers=WORKERS)
    looked = look_at = clock.monotonic()
    while not stop.is_set():
        if clock.monotonic() >= look_at:
            looked = clock.monotonic()
            try:
                operation_at, row_at = database.read(lambda tx: (next_due(tx), reconcile.next_due(tx)))
            except DatabaseAway:
                look_at = looked
                continue
            now = clock.now()
            if operation_at is not None and operation_at <= now:
                wake()
            if row_at is not None and row_at <= now:
                follow_rows()
            wait = min([POLL_SECONDS, *((at - now) / SECOND for at in (operation_at, row_at) if at is not None)])
            # Overdue work waits for a busy worker. A bell or the end of its work wakes it sooner.
            look_at = looked + (max(wait, 0.01) if wait > 0 else OVERDUE_SECONDS)
        heard = listener.wait(look_at - clock.monotonic())
        if Work.OPERATION in heard:
            wake()
        if Work.DIRTY in heard:
            follow_rows()
        if heard:
            # In a burst of bells, asking for the next due time costs more than a short wait.
            look_at = min(look_at, looked + OVERDUE_SECONDS)
    for thread in threads:
        thread.join(5.0)
    listener.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="kumoi.runner")
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    log.start()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(arguments.data, stop)


if __name__ == "__main__":
    main()
