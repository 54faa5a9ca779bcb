"""The agent's unix socket, and the threads that execute its orders."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from waitress.server import create_server  # type: ignore[import-untyped]
from waitress.wasyncore import loop  # type: ignore[import-untyped]

from kumoi.host.agent import Agent
from kumoi.kernel import accounts

LARGEST_ORDER = 16 * 1024 * 1024
"""Bytes."""


def listen(path: Path) -> socket.socket:
    """The agent's socket, for root and the control plane's user only. Replaces the socket of a dead agent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    mask = os.umask(0o177)
    try:
        listener.bind(str(draft))
    finally:
        os.umask(mask)
    accounts.give(draft, 0o660, group=accounts.CONTROL if accounts.numbers(accounts.CONTROL) else None)
    listener.listen(256)
    # Renamed only now, so that a client that waits for the path finds a working socket.
    draft.rename(path)
    return listener


class Server:
    """Serves an agent until it is stopped. Active orders then get a few seconds to end."""

    def __init__(self, agent: Agent, listener: socket.socket, threads: int) -> None:
        self.sockets: dict[int, Any] = {}
        self.server = create_server(
            agent.wsgi,
            map=self.sockets,
            sockets=[listener],
            threads=threads,
            ident=None,
            max_request_body_size=LARGEST_ORDER,
            asyncore_use_poll=True,
        )
        self.stopping = False
        self.lock = RLock()

    def run(self) -> None:
        while not self.stopping:
            loop(timeout=1.0, use_poll=True, map=self.sockets, count=1)
        self.server.task_dispatcher.shutdown(timeout=5)
        with self.lock:
            for channel in list(self.sockets.values()):
                channel.close()

    def stop(self) -> None:
        """May be called from a signal handler or another thread."""
        with self.lock:
            self.stopping = True
            for channel in list(self.sockets.values()):
                if hasattr(channel, "pull_trigger"):
                    channel.pull_trigger()


def serve(agent: Agent, listener: socket.socket, threads: int) -> Callable[[], None]:
    """Serve in a thread of this process; the answer stops it."""
    server = Server(agent, listener, threads)
    thread = Thread(target=server.run, name="agent", daemon=True)
    thread.start()

    def stop() -> None:
        server.stop()
        thread.join(10)

    return stop
