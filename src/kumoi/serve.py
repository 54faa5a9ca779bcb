"""Serves the API or the streams on Granian: `python -m kumoi.serve api|streams --data D`."""

import argparse
import os
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server import Server

from kumoi import app
from kumoi.kernel import log, settings, streams
from kumoi.kernel.settings import Folder

THREADS = 2
"""Of each API worker: one may wait (for the disk, for a password's hash) while the other answers."""


def api() -> Any:
    """The WSGI application, made in each worker."""
    log.start()
    return app.make_api(_data()).wsgi()


def stream() -> Any:
    """The ASGI application, made in its worker."""
    log.start()
    return streams.asgi(app.make_api(_data()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kumoi.serve", description=__doc__)
    parser.add_argument("what", choices=("api", "streams"))
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    os.environ["KUMOI_DATA"] = str(asked.data)
    folder = Folder(asked.data)
    os.umask(0o007)
    if asked.what == "api":
        Server(
            "kumoi.serve:api",
            factory=True,
            uds=folder.api_socket(0),
            interface=Interfaces.WSGI,
            workers=settings.load(folder).api_workers,
            blocking_threads=THREADS,
            respawn_failed_workers=True,
            respawn_interval=0.5,
            workers_kill_timeout=8,
            log_enabled=False,
        ).serve()
    else:
        Server(
            "kumoi.serve:stream",
            factory=True,
            uds=folder.streams_socket,
            interface=Interfaces.ASGI,
            workers=1,
            websockets=True,
            respawn_failed_workers=True,
            respawn_interval=0.5,
            workers_kill_timeout=8,
            log_enabled=False,
        ).serve()


def _data() -> Path:
    return Path(os.environ["KUMOI_DATA"])


if __name__ == "__main__":
    main()
