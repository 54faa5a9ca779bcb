"""The table of processes of one machine: their commands, users and order."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import sqlalchemy

from kumoi.kernel.accounts import CONTROL
from kumoi.kernel.processes import Process
from kumoi.kernel.settings import Folder, Settings

AGENT_LAYER = 30
"""`kumoi down` stops the layers above, then the guests, then the other layers."""
READY_WITHIN = 90.0
"""Seconds for the start of a Python process. One second is usual, unless the machine is very busy."""


def parts(folder: Folder, settings: Settings) -> list[Process]:
    """Lower layers start first and stop last. OVN's daemons come from its engine and have lower layers than the
    agent."""
    data = str(folder.data)
    control = CONTROL if os.geteuid() == 0 else None
    # a process that reads settings changes with them, so the supervisor restarts it
    mark = hashlib.sha256(folder.settings.read_bytes()).hexdigest()[:16]

    def python(name: str, *argv: str, user: str | None, ready: Path, layer: int, patient: bool = False) -> Process:
        command = (sys.executable, "-m", *argv, "--data", data)
        environment = {"KUMOI_DATA": data, "KUMOI_SETTINGS": mark}
        return Process(
            name,
            command,
            user=user,
            environment=environment,
            ready=ready,
            ready_within=READY_WITHIN,
            layer=layer,
            patient=patient,
            writable=_writable(folder, settings) if user else (),
        )

    return [
        *_network(folder, settings),
        python("agent", "kumoi.host", user=None, ready=folder.agent_socket, layer=AGENT_LAYER),
        python("api", "kumoi.serve", "api", user=control, ready=folder.api_socket(0), layer=40, patient=True),
        # after the API, so that their start does not delay the first reply
        python("runner", "kumoi.runner", user=control, ready=folder.runner_socket, layer=45),
        python("streams", "kumoi.serve", "streams", user=control, ready=folder.streams_socket, layer=45),
        _front(folder, settings, control),
    ]


def _writable(folder: Folder, settings: Settings) -> tuple[Path, ...]:
    """The folders in which the control plane writes: sockets, the database, images, objects and their disks, and the
    fake topology."""
    url = sqlalchemy.make_url(folder.database_url(settings))
    own = [Path(url.database).parent] if url.get_backend_name() == "sqlite" and url.database else []
    fake = [folder.data / "network"] if settings.network == "fake" else []
    return (folder.run, folder.images, folder.objects, *settings.disks_of_objects.values(), *own, *fake)


def _network(folder: Folder, settings: Settings) -> list[Process]:
    if settings.network != "ovn":
        return []
    from kumoi.engines.network.ovn.daemons import daemons

    return daemons(folder, settings)


def _front(folder: Folder, settings: Settings, user: str | None) -> Process:
    configuration = folder.run / "nginx.conf"
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    argv: tuple[str, ...] = (program, "-p", str(folder.run), "-c", str(configuration), "-e", "stderr")
    if user is not None and settings.port < 1024:
        # it gets only this capability, and not root
        only = ("--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service", "--init-groups")
        argv, user = ("setpriv", "--no-new-privs", f"--reuid={user}", f"--regid={user}", *only, *argv), None
    mark = hashlib.sha256(configuration.read_bytes()).hexdigest()[:16]
    return Process(
        "front",
        argv,
        user=user,
        environment={"KUMOI_FRONT": mark},
        ready=folder.run / "nginx.pid",
        layer=60,
        patient=True,
        writable=_writable(folder, settings) if user else (),
    )
