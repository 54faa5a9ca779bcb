"""Declares the daemons of OVN and Open vSwitch, prepares what they need, and cleans up after them."""

import pwd
import shutil
from pathlib import Path

from kumoi.engines.network.interface import PHYSICAL_NETWORK, NetworkError
from kumoi.engines.network.ovn import devices, external
from kumoi.engines.network.ovn.database import DatabaseFile, Operation
from kumoi.engines.network.ovn.names import Names
from kumoi.kernel import accounts
from kumoi.kernel.accounts import CONTROL, GUEST
from kumoi.kernel.processes import Process
from kumoi.kernel.settings import Folder, Settings

PROGRAMS = ("ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-vswitchd", "ovn-northd", "ovn-controller", "nft", "ip")
DATAPATH = "dummy"
"""Open vSwitch's userspace datapath under its second name.

Under its first name, `netdev`, it creates kernel devices named after the datapath (always `ovs-netdev`) and the
bridges, so a machine could run only one cloud. The second name forwards in the same way, but does not support tunnels.
"""


def daemons(folder: Folder, settings: Settings) -> list[Process]:
    """The daemons as foreground processes, databases first. They survive the control plane, and each may be killed and
    restarted."""
    names = Names(folder, settings)
    central, host = names.central, names.host
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "OVS_RUNDIR": str(host),
        "OVS_LOGDIR": str(host),
        "OVS_DBDIR": str(host),
        "OVN_RUNDIR": str(host),
        "OVN_LOGDIR": str(host),
    }
    quiet = ("-vconsole:info", "-vsyslog:off", "-vfile:off")

    def process(name: str, argv: tuple[str, ...], ready: Path | None, layer: int, user: str | None = None) -> Process:
        return Process(
            name=name,
            argv=(*argv, *quiet),
            user=user,
            environment=environment,
            ready=ready,
            layer=layer,
            control_plane=False,
            log=names.log / f"{name}.log",
            writable=(central,) if user else (),
        )

    def database(name: str, folder: Path, part: str, user: str | None) -> Process:
        socket = folder / f"{part}.sock"
        argv = (
            "ovsdb-server",
            str(folder / f"{part}.db"),
            f"--remote=punix:{socket}",
            f"--unixctl={folder / f'{part}.ctl'}",
        )
        return process(name, argv, socket, 10, user)

    return [
        database("ovn-northbound", central, "nb", CONTROL),
        database("ovn-southbound", central, "sb", CONTROL),
        database("ovs-database", host, "db", None),
        process(
            "ovn-northd",
            (
                "ovn-northd",
                f"--ovnnb-db=unix:{names.northbound_socket}",
                f"--ovnsb-db=unix:{names.southbound_socket}",
                f"--unixctl={central / 'northd.ctl'}",
            ),
            central / "northd.ctl",
            11,
            CONTROL,
        ),
        process(
            "ovs-vswitchd",
            ("ovs-vswitchd", f"unix:{names.switch_socket}", f"--unixctl={host / 'vswitchd.ctl'}", "--enable-dummy"),
            host / "vswitchd.ctl",
            11,
        ),
        process("ovn-controller", ("ovn-controller", f"unix:{names.switch_socket}"), None, 12),
    ]


def prepare(folder: Folder, settings: Settings) -> None:
    """Make the databases and the external network's device, before `daemons` start or while they run."""
    names = Names(folder, settings)
    _check()
    external.check(names, settings)
    for path, user in ((names.central, CONTROL), (names.host, None)):
        path.mkdir(parents=True, exist_ok=True)
        accounts.give(path, 0o750, owner=user, group=user)
    # ovn-controller names its control socket after its pid, so the sockets of dead ones accumulate.
    for stale in names.host.glob("ovn-controller.*.ctl"):
        stale.unlink(missing_ok=True)
    for central in (northbound(names), southbound(names)):
        central.prepare()
    external.attach(names, settings)
    switch = switch_database(names)
    switch.prepare()
    _configure(switch, names, settings)


def tear_down(folder: Folder, settings: Settings) -> None:
    """Remove every device, namespace and packet filter of this cloud after the daemons ended. Databases stay."""
    names = Names(folder, settings)
    for namespace in devices.namespaces(names.namespace_prefix):
        devices.remove_namespace(namespace)
    for link in devices.links(names.tap_prefix, names.metadata_prefix):
        devices.remove_link(link)
    external.detach(names)
    devices.remove_table("netdev", names.guard_table)
    switch = switch_database(names)
    if switch.file.exists():
        switch.transact({"op": "update", "table": "Bridge", "where": [], "row": {"ports": ["set", []]}})


def northbound(names: Names) -> DatabaseFile:
    schema = Path("/usr/share/ovn/ovn-nb.ovsschema")
    return DatabaseFile(names.central / "nb.db", names.northbound_socket, schema, CONTROL)


def southbound(names: Names) -> DatabaseFile:
    schema = Path("/usr/share/ovn/ovn-sb.ovsschema")
    return DatabaseFile(names.central / "sb.db", names.southbound_socket, schema, CONTROL)


def switch_database(names: Names) -> DatabaseFile:
    schema = Path("/usr/share/openvswitch/vswitch.ovsschema")
    return DatabaseFile(names.host / "db.db", names.switch_socket, schema, None)


def _check() -> None:
    missing = [program for program in PROGRAMS if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if missing:
        raise NetworkError(
            f"not installed: {', '.join(missing)}; install openvswitch-switch, ovn-central, ovn-host, nftables and "
            "iproute2, or start with --set network=fake"
        )
    for user in (CONTROL, GUEST):
        try:
            pwd.getpwnam(user)
        except KeyError as error:
            raise NetworkError(f"there is no system user {user}: make it with `useradd --system {user}`") from error


def _configure(switch: DatabaseFile, names: Names, settings: Settings) -> None:
    """Write the configuration of vswitchd and ovn-controller. Plugged ports stay."""
    identifiers = {
        "system-id": settings.host_name,
        "hostname": settings.host_name,
        "ovn-remote": f"unix:{names.southbound_socket}",
        "ovn-encap-type": "geneve",
        "ovn-encap-ip": "127.0.0.1",
        "ovn-bridge": names.integration_bridge,
        "ovn-bridge-datapath-type": DATAPATH,
        "ovn-bridge-mappings": f"{PHYSICAL_NETWORK}:{names.external_bridge}",
        "ovn-monitor-all": "true",
    }
    # With segmentation offload, incomplete checksums of guests are completed. Without it, their TCP fails.
    options = {"userspace-tso-enable": "true"}
    row = {"external_ids": _map(identifiers), "other_config": _map(options)}
    roots, bridges, ports = (
        result["rows"]
        for result in switch.transact(
            {"op": "select", "table": "Open_vSwitch", "where": [], "columns": ["_uuid"]},
            {"op": "select", "table": "Bridge", "where": [], "columns": ["name"]},
            {"op": "select", "table": "Port", "where": [], "columns": ["name"]},
        )
    )
    root: Operation = {"op": "update", "table": "Open_vSwitch", "where": [], "row": row}
    if not roots:
        root = {"op": "insert", "table": "Open_vSwitch", "row": row}
    switch.transact(root)
    for bridge, more in (
        (names.integration_bridge, {"fail_mode": "secure", "other_config": _map({"disable-in-band": "true"})}),
        (names.external_bridge, {}),
    ):
        if bridge not in [found["name"] for found in bridges]:
            switch.transact(
                {
                    "op": "insert",
                    "table": "Bridge",
                    "uuid-name": "bridge",
                    "row": {"name": bridge, "datapath_type": DATAPATH, **more},
                },
                {
                    "op": "mutate",
                    "table": "Open_vSwitch",
                    "where": [],
                    "mutations": [["bridges", "insert", ["named-uuid", "bridge"]]],
                },
            )
    for device in filter(None, (names.external_there, settings.external_interface)):
        if device not in [found["name"] for found in ports]:
            switch.transact(*_port(names.external_bridge, device))


def _port(bridge: str, device: str) -> list[Operation]:
    return [
        {"op": "insert", "table": "Interface", "uuid-name": "interface", "row": {"name": device}},
        {
            "op": "insert",
            "table": "Port",
            "uuid-name": "port",
            "row": {"name": device, "interfaces": ["named-uuid", "interface"]},
        },
        {
            "op": "mutate",
            "table": "Bridge",
            "where": [["name", "==", bridge]],
            "mutations": [["ports", "insert", ["named-uuid", "port"]]],
        },
    ]


def _map(values: dict[str, str]) -> list[object]:
    return ["map", [[key, value] for key, value in values.items()]]
