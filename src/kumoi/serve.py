"""Serves the API or the streams on Granian: `python -m kumoi.serve api|streams --data D`."""

import argparse
import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server as OwnServer
from granian.server.mp import MPServer

from kumoi import app
from kumoi.kernel import feed, lanes, log, settings, streams
from kumoi.kernel.settings import Folder
from kumoi.kernel.wsgi import wsgi

AT_ONCE = 2
"""Requests that each API worker handles at once: one may wait for the disk while the other runs."""
IN_LANES = 66
"""Additional threads for requests that wait for a lane: all that the lane of password hashes accepts, and some more."""


def as_bytes(application: Any) -> Any:
    """For Granian, which sends the UTF-8 of a header's text. WSGI's texts have a character for each byte."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [(name, _text(value)) for name, value in headers], *more)

        return application(environ, start)

    return call


def _text(value: str) -> str:
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


class Workers(MPServer):
    """One parent, and a socket for each worker. With one shared socket, the worker that wakes first takes nearly all
    connections. The parent holds the sockets too, so that connections to a dead worker wait for its successor."""

    def __init__(self, folder: Folder, count: int, **more: Any) -> None:
        super().__init__("the loader of serve_api", uds=folder.api_socket(0), workers=count, **more)
        self.folder = folder

    def _init_shared_socket(self) -> None:
        self.sockets = {}
        # the first socket is created last, because the supervisor waits for it
        for number in reversed(range(self.workers)):
            self.bind_uds = self.folder.api_socket(number)
            self.bind_uds.unlink(missing_ok=True)
            super()._init_shared_socket()  # type: ignore[no-untyped-call]
            self.sockets[number] = self._ssp, self._shd, self._sso

    def _spawn_worker(self, idx: int, *rest: Any, **more: Any) -> Any:
        self._ssp, self._shd, self._sso = self.sockets[idx]
        return super()._spawn_worker(idx, *rest, **more)


def serve_api(folder: Folder) -> None:
    """Fork workers after the application is made, so that they share its memory. It has no connections and no threads yet:
    each worker opens its own on first use."""
    application = as_bytes(lanes.Bounded(wsgi(app.make_api(folder.data)), AT_ONCE))

    def load() -> Any:
        log.start()
        return application

    gc.collect()
    gc.freeze()
    Workers(
        folder,
        settings.load(folder).api_workers,
        interface=Interfaces.WSGI,
        blocking_threads=AT_ONCE + IN_LANES,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=8,
        log_enabled=False,
    ).serve(target_loader=load, wrap_loader=False)


async def serve_streams(folder: Folder) -> None:
    """In this process. Waiting requests use no threads, so one process is enough."""
    log.start()
    server = OwnServer(
        streams.asgi(app.make_api(folder.data, app.load_streams)),
        uds=folder.streams_socket,
        interface=Interfaces.ASGINL,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        feed.end()
        server.stop()  # type: ignore[no-untyped-call]

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kumoi.serve", description=__doc__)
    parser.add_argument("what", choices=("api", "streams"))
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    os.umask(0o007)
    if asked.what == "api":
        serve_api(Folder(asked.data))
    else:
        asyncio.run(serve_streams(Folder(asked.data)))


if __name__ == "__main__":
    main()
