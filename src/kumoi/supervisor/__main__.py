"""`python -m kumoi.supervisor --data D [--detach | --standby]`."""

import argparse
import os
import signal
import sys
from pathlib import Path

from kumoi.supervisor import starting
from kumoi.supervisor.supervisor import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m kumoi.supervisor", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    parser.add_argument("--standby", action="store_true", help="wait until no other lives")
    asked = parser.parse_args()
    if asked.detach:
        _detach(asked.data / "log" / "supervisor.log")
    starting.gain_no_privileges()
    return serve(asked.data, standby=asked.standby)


def _detach(log: Path) -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)


sys.exit(main())
