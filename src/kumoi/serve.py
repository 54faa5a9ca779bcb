"""Serves the API or the streams on Granian: `python -m kumoi.serve api|streams --data D`."""

import argparse
import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server import Server
from granian.server.embed import Server as OwnServer

from kumoi import app
from kumoi.kernel import lanes, log, preparation, settings, streams
from kumoi.kernel.settings import Folder

AT_ONCE = 2
"""Requests that each API worker answers at once: one may wait for the disk while the other goes on."""
IN_LANES = 18
"""Threads beside them for requests that wait for a lane: all that the lane of password hashes takes, and some."""


def api() -> Any:
    """The WSGI application, made in each worker."""
    log.start()
    return lanes.Bounded(app.make_api(Path(os.environ["KUMOI_DATA"])).wsgi(), AT_ONCE)


def serve_api(folder: Folder) -> None:
    """Workers that are forked after everything is loaded, and so share its memory."""
    os.environ["KUMOI_DATA"] = str(folder.data)
    app.load_services()
    preparation.wait(folder)
    gc.collect()
    gc.freeze()
    Server(
        "kumoi.serve:api",
        factory=True,
        uds=folder.api_socket(0),
        interface=Interfaces.WSGI,
        workers=settings.load(folder).api_workers,
        blocking_threads=AT_ONCE + IN_LANES,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=8,
        log_enabled=False,
    ).serve()


async def serve_streams(folder: Folder) -> None:
    """In this process: what waits here waits without a thread, so one is enough."""
    log.start()
    server = OwnServer(
        streams.asgi(app.make_api(folder.data)),
        uds=folder.streams_socket,
        interface=Interfaces.ASGINL,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
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
