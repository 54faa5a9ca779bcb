"""Networks without packets: a topology in a small database, and plugs as files; for clouds without root, and tests."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from kumoi.engines.network.interface import (
    Content,
    FloatingIpSpec,
    NetworkError,
    NetworkSpec,
    NotThere,
    PortKind,
    PortSpec,
    RouterSpec,
    SecurityGroupSpec,
    ServedNetwork,
    TopologyInventory,
    Translations,
    WiringInventory,
)
from kumoi.kernel import accounts
from kumoi.kernel.fences import Fence, Stale
from kumoi.kernel.settings import Folder, Settings

Spec = TypeVar("Spec", bound=msgspec.Struct)

LOOK_EVERY = 0.02
"""Seconds between two looks for ports that went up or down."""

KINDS: dict[type[Content], str] = {
    NetworkSpec: "network",
    PortSpec: "port",
    RouterSpec: "router",
    FloatingIpSpec: "floating_ip",
    SecurityGroupSpec: "security_group",
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, spec BLOB,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID
"""
"""A removed resource keeps its row, without a spec."""


def topology_folder(folder: Folder) -> Path:
    return folder.data / "network"


def wiring_folder(folder: Folder) -> Path:
    return folder.data / "network" / "wiring"


def prepare(folder: Folder, settings: Settings) -> None:
    """Make the folders, each for the user that writes there; before a cloud's processes start."""
    _make_folders(folder)
    accounts.give(topology_folder(folder), 0o755, owner=accounts.CONTROL)


def _make_folders(folder: Folder) -> None:
    wiring_folder(folder).mkdir(parents=True, exist_ok=True)


class FakeTopology:
    """Keeps the rules of the real one (revisions, what stands on what); a port is up when it is plugged."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        _make_folders(folder)
        self.plugs = wiring_folder(folder)
        self._hosts = _Plugs(self.plugs)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            topology_folder(folder) / "topology.db", timeout=10, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode=WAL", "synchronous=OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(SCHEMA)
        self._watchers: list[Callable[[str, bool], None]] = []
        self._stop = threading.Event()
        self._looking: threading.Thread | None = None

    def apply_network(self, network: NetworkSpec, revision: int) -> None:
        with self._transaction():
            self._put("network", network.id, revision, network)

    def remove_network(self, network_id: str, revision: int) -> None:
        with self._transaction():
            ports = [port.id for port in self._all("port", PortSpec) if port.network_id == network_id]
            for router in self._all("router", RouterSpec):
                ports += [each.port_id for each in router.interfaces if each.network_id == network_id]
                if router.gateway is not None and router.gateway.network_id == network_id:
                    ports.append(router.gateway.port_id)
            self._drop("network", network_id, revision)
            if ports:
                raise NetworkError(f"network {network_id} still has ports: {', '.join(sorted(ports)[:5])}")

    def apply_port(self, port: PortSpec, revision: int) -> None:
        self.apply_ports([(port, revision)])

    def apply_ports(self, ports: Sequence[tuple[PortSpec, int]]) -> None:
        with self._transaction():
            for port, revision in ports:
                self._put("port", port.id, revision, port)
                self._need("network", port.network_id)
                for group_id in port.security_groups:
                    if self._held("security_group", group_id)[1] is None:
                        self._write("security_group", group_id, 0, SecurityGroupSpec(id=group_id))

    def remove_port(self, port_id: str, revision: int) -> None:
        with self._transaction():
            self._drop("port", port_id, revision)

    def apply_router(self, router: RouterSpec, revision: int) -> None:
        with self._transaction():
            self._put("router", router.id, revision, router)
            for interface in router.interfaces:
                self._need("network", interface.network_id)
            if router.gateway is not None:
                self._need("network", router.gateway.network_id)

    def remove_router(self, router_id: str, revision: int) -> None:
        with self._transaction():
            self._drop("router", router_id, revision)
            for floating_ip in self._all("floating_ip", FloatingIpSpec):
                if floating_ip.router_id == router_id:
                    self._database.execute(
                        "UPDATE resources SET spec = NULL WHERE kind = 'floating_ip' AND id = ?", (floating_ip.id,)
                    )

    def apply_floating_ip(self, floating_ip: FloatingIpSpec, revision: int) -> None:
        with self._transaction():
            self._put("floating_ip", floating_ip.id, revision, floating_ip)
            self._need("router", floating_ip.router_id)

    def remove_floating_ip(self, floating_ip_id: str, revision: int) -> None:
        with self._transaction():
            self._drop("floating_ip", floating_ip_id, revision)

    def apply_security_group(self, group: SecurityGroupSpec, revision: int) -> None:
        with self._transaction():
            self._put("security_group", group.id, revision, group)

    def remove_security_group(self, group_id: str, revision: int) -> None:
        with self._transaction():
            self._drop("security_group", group_id, revision)

    def port_states(self) -> dict[str, bool]:
        with self._lock:
            plugged = self._hosts.now()
            return _states(self._all("port", _Standing), plugged)

    def watch(self, callback: Callable[[str, bool], None]) -> None:
        with self._lock:
            self._watchers.append(callback)
            if self._looking is None:
                before = self.port_states()
                self._looking = threading.Thread(target=self._look, args=(before,), daemon=True)
                self._looking.start()

    def inventory(self) -> TopologyInventory:
        with self._lock:
            held: dict[str, dict[str, int]] = {}
            for kind, identifier, revision in self._database.execute(
                "SELECT kind, id, revision FROM resources WHERE spec IS NOT NULL"
            ):
                held.setdefault(kind, {})[identifier] = revision
        return TopologyInventory(
            networks=held.get("network", {}),
            ports=held.get("port", {}),
            routers=held.get("router", {}),
            floating_ips=held.get("floating_ip", {}),
            security_groups=held.get("security_group", {}),
        )

    def differing(self, wanted: Sequence[Content]) -> list[str]:
        with self._lock:
            return [
                spec.id for spec in wanted if self._held(KINDS[type(spec)], spec.id)[1] != msgspec.json.encode(spec)
            ]

    def close(self) -> None:
        self._stop.set()
        if self._looking is not None:
            self._looking.join()
        with self._lock:
            self._database.close()

    def _look(self, before: dict[str, bool]) -> None:
        seen: object = None
        while not self._stop.wait(LOOK_EVERY):
            with self._lock:
                now = (self._database.total_changes, self._version(), _changed(self.plugs))
                if now == seen:
                    continue
                plugged = self._hosts.now()
                # What is not plugged is down, and may be many.
                ports = self._all("port", _Standing, list(plugged))
            states = _states(ports, plugged)
            for port_id in sorted(before.keys() | states.keys()):
                up = states.get(port_id, False)
                if before.get(port_id, False) != up:
                    for watcher in self._watchers:
                        watcher(port_id, up)
            before, seen = states, now

    def _version(self) -> int:
        """Changes when another process has written."""
        version: int = self._database.execute("PRAGMA data_version").fetchone()[0]
        return version

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _held(self, kind: str, identifier: str) -> tuple[int, bytes | None]:
        row = self._database.execute(
            "SELECT revision, spec FROM resources WHERE kind = ? AND id = ?", (kind, identifier)
        ).fetchone()
        return row if row is not None else (-1, None)

    def _need(self, kind: str, identifier: str) -> None:
        if self._held(kind, identifier)[1] is None:
            raise NotThere(f"{kind} {identifier} is not in the topology yet")

    def _put(self, kind: str, identifier: str, revision: int, spec: msgspec.Struct) -> None:
        held, before = self._held(kind, identifier)
        if revision < held or (revision == held and before is None):
            raise Stale(f"{kind} {identifier}: revision {revision} comes after {held}")
        self._write(kind, identifier, revision, spec)

    def _drop(self, kind: str, identifier: str, revision: int) -> None:
        held = self._held(kind, identifier)[0]
        if revision < held:
            raise Stale(f"{kind} {identifier}: revision {revision} comes after {held}")
        self._write(kind, identifier, revision, None)

    def _write(self, kind: str, identifier: str, revision: int, spec: msgspec.Struct | None) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO resources (kind, id, revision, spec) VALUES (?, ?, ?, ?)",
            (kind, identifier, revision, None if spec is None else msgspec.json.encode(spec)),
        )

    def _all(self, kind: str, spec: type[Spec], ids: Sequence[str] | None = None) -> list[Spec]:
        """Those of `ids`, or all of the kind."""
        chosen = "" if ids is None else " AND id IN (SELECT value FROM json_each(?))"
        values = (kind,) if ids is None else (kind, json.dumps(ids))
        rows = self._database.execute(
            f"SELECT spec FROM resources WHERE kind = ? AND spec IS NOT NULL{chosen}",  # noqa: S608 - of two texts
            values,
        )
        decoder = msgspec.json.Decoder(spec)
        return [decoder.decode(encoded) for (encoded,) in rows.fetchall()]


class _Standing(msgspec.Struct):
    """What of a PortSpec says whether it is up: much quicker to read than all of it."""

    id: str
    kind: PortKind = PortKind.VIF
    admin_state_up: bool = True
    host: str | None = None


def _states(ports: Sequence[_Standing], plugged: Mapping[str, str]) -> dict[str, bool]:
    """port id → whether it is up; `plugged`: port id → host."""
    return {
        port.id: port.admin_state_up and port.id in plugged and (port.host is None or port.host == plugged[port.id])
        for port in ports
        if port.kind is PortKind.VIF
    }


class FakeWiring:
    """A plug is a file whose content is the host's name; a served network is one that says how."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        _make_folders(folder)
        self.plugs = wiring_folder(folder)
        self.host_name = settings.host_name
        self.cloud = settings.cloud_id

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        _replace(self.plugs / f"port-{port_id}", self.host_name.encode())
        return f"t{self.cloud}{port_id[:8]}"

    def unplug(self, fence: Fence, port_id: str) -> None:
        (self.plugs / f"port-{port_id}").unlink(missing_ok=True)

    def plugged(self) -> list[str]:
        return _names(self.plugs, "port-")

    def serve_network(self, fence: Fence, network: ServedNetwork) -> str:
        _replace(self.plugs / f"network-{network.network_id}", msgspec.json.encode(network))
        return self._namespace(network.network_id)

    def unserve_network(self, fence: Fence, network_id: str) -> None:
        (self.plugs / f"network-{network_id}").unlink(missing_ok=True)

    def served_networks(self) -> dict[str, str]:
        return {identifier: self._namespace(identifier) for identifier in _names(self.plugs, "network-")}

    def carry(self, outer: str, inner: str) -> None:
        """As if a connection by a floating IP passed here, which stays until it is ended."""
        _replace(self.plugs / f"connection-{outer}-{inner}", b"")

    def connections(self) -> list[tuple[str, str]]:
        """(outer address, inner address)."""
        return [
            (outer, inner) for outer, _, inner in (name.partition("-") for name in _names(self.plugs, "connection-"))
        ]

    def end_connections(self, kept: Translations) -> int:
        ended = [pair for pair in self.connections() if kept.floating.get(pair[0]) != pair[1]]
        for outer, inner in ended:
            (self.plugs / f"connection-{outer}-{inner}").unlink(missing_ok=True)
        return len(ended)

    def inventory(self) -> WiringInventory:
        return WiringInventory(ports=self.plugged(), networks=sorted(self.served_networks()), strays=[])

    def _namespace(self, network_id: str) -> str:
        return f"kumoi-{self.cloud}-{network_id}"


def _names(folder: Path, prefix: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))


class _Plugs:
    """What is plugged where, by files that are never changed, only replaced: each is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[int, int, str]] = {}

    def now(self) -> dict[str, str]:
        """Port id → host."""
        read = {}
        for port_id in _names(self.folder, "port-"):
            file = f"{self.folder}/port-{port_id}"
            try:
                found = os.stat(file)
                before = self._read.get(port_id)
                if before is None or before[:2] != (found.st_ino, found.st_mtime_ns):
                    with open(file) as opened:
                        before = found.st_ino, found.st_mtime_ns, opened.read()
            except FileNotFoundError:
                continue
            read[port_id] = before
        self._read = read
        return {port_id: host for port_id, (_, _, host) in read.items()}


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _replace(file: Path, content: bytes) -> None:
    # Whole or not at all: the topology may be reading.
    draft = file.parent / f".{file.name}"
    draft.write_bytes(content)
    draft.chmod(0o644)  # The agent may be root with a strict umask; the topology reads as another user.
    draft.replace(file)
