"""A cloud as a systemd service: it starts with the machine, and stops in order before shutdown."""

import os
import sys
from pathlib import Path

from kumoi.cli.refusals import Refused
from kumoi.kernel import durable, processes
from kumoi.kernel.settings import Folder, Settings

UNITS = Path("/etc/systemd/system")
RUNS = Path("/run/systemd/system")
"""Exists if systemd runs the machine."""

_UNIT = """\
# Written by `kumoi install-service`; `kumoi uninstall` removes it.
[Unit]
Description=Kumoi cloud in {data}
Documentation=file://{docs}
Wants=network-online.target
After=network-online.target
RequiresMountsFor={data}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program} up --data {data}
ExecReload={program} up --data {data}
ExecStop={program} down --data {data}
TimeoutStartSec=300
TimeoutStopSec=600

[Install]
WantedBy=multi-user.target
"""


def unit(folder: Folder) -> str:
    """The text of the unit."""
    docs = Path(__file__).parents[3] / "docs" / "operating.md"
    paths = {"data": folder.data, "program": Path(sys.prefix) / "bin" / "kumoi", "docs": docs}
    # systemd would interpret a single percent sign
    return _UNIT.format(**{name: str(path).replace("%", "%%") for name, path in paths.items()})


def name(settings: Settings) -> str:
    """Includes the cloud's id, because a machine may have several clouds."""
    return f"kumoi-{settings.cloud_id}.service"


def install(folder: Folder, settings: Settings, units: Path = UNITS) -> list[str]:
    """Write the unit and have systemd start it with the machine; sentences for the person."""
    _check(units)
    path = units / name(settings)
    durable.replace(path, unit(folder).encode(), mode=0o644)
    if not RUNS.is_dir():
        return [f"{path} is written; systemd does not run here, so it is not switched on: systemctl enable {path.name}"]
    processes.run(["systemctl", "daemon-reload"])
    processes.run(["systemctl", "enable", path.name])
    return [f"{path.name} starts with this machine; systemctl status {path.name} shows it"]


def remove(settings: Settings, units: Path = UNITS) -> list[str]:
    """Take the unit away again, if there is one; the cloud is down by now."""
    path = units / name(settings)
    if not path.exists():
        return []
    _check(units)
    if RUNS.is_dir():
        processes.run(["systemctl", "disable", "--now", path.name])
    path.unlink()
    if RUNS.is_dir():
        processes.run(["systemctl", "daemon-reload"])
    return [f"{path} is removed"]


def _check(units: Path) -> None:
    if not units.is_dir():
        raise Refused(f"there is no {units}: this machine has no systemd; start the cloud with kumoi up")
    if not os.access(units, os.W_OK):
        raise Refused(f"{units} may not be written: run this as root")
