"""The agent's process: `python -m kumoi.host --data D`."""

import argparse
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread

from kumoi.host.agent import Agent
from kumoi.host.engines import Engines, assemble
from kumoi.host.fences import Fences
from kumoi.host.server import Server, listen
from kumoi.kernel import durable, log
from kumoi.kernel import settings as settings_module
from kumoi.kernel.settings import Folder

ROOM = "host"
THREADS = 24
"""Orders carried out at once."""
TEND_EVERY = 5.0
"""Seconds."""


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM. Guests keep running during and after that."""
    parser = argparse.ArgumentParser(prog="kumoi.host", description="The agent of one host of a Kumoi cloud.")
    parser.add_argument("--data", type=Path, required=True, help="the cloud's data folder")
    folder = Folder(parser.parse_args(argv).data.absolute())
    log.start()
    settings = settings_module.load(folder)
    durable.keep_free(settings.disk_reserve << 20)
    engines = assemble(folder, settings)
    agent = Agent(engines.by_concern(), Fences(folder.host / "fences.db"))
    server = Server(agent, listen(folder.agent_socket), THREADS)
    stopping = Event()
    Thread(target=_tend, args=(engines, stopping), name="tend", daemon=True).start()
    Thread(target=_keep_room, args=(engines, stopping), name="room", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    log.say(ROOM, "the agent serves", socket=str(folder.agent_socket), hypervisor=settings.hypervisor)
    server.run()
    stopping.set()
    return 0


def _tend(engines: Engines, stopping: Event) -> None:
    """Bring up stopped guests, then maintain the engines. In a thread of its own, so that a slow guest delays no order
    for others."""
    _attempt("metadata is not served again on every network", engines.listen_again)
    _attempt("guests are not all up again", engines.bring_up)
    while not stopping.wait(TEND_EVERY):
        _attempt("guests are not tended", engines.tend)


def _keep_room(engines: Engines, stopping: Event) -> None:
    """In a thread of its own: a guest can fill a disk within seconds."""
    pause = 0.0
    while not stopping.wait(pause):
        pause = 1.0
        try:
            pause = engines.keep_room()
        except Exception:
            log.fault(ROOM, "the free space of the disk is not checked")


def _attempt(failing: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        log.fault(ROOM, failing)
