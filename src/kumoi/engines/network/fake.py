"""Networks without packets: a topology in a small database, and plugs as files; for clouds without root, and tests."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
T = TypeVar("T")

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
  kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, spec BLOB, written INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resources_network ON resources (spec ->> 'network_id') WHERE kind = 'port';
CREATE INDEX IF NOT EXISTS resources_written ON resources (written);
"""
"""A removed resource keeps its row, without a spec. `written` counts all writes up: the rows past a number are new."""
JOURNAL = "journal"
"""Beside the plugs, the id of each port that was plugged or unplugged, in order: who has read it so far reads on there."""
LONGEST_JOURNAL = 1 << 20
"""Bytes, past which the next agent begins a new one."""


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
        self._make_tables()
        self._watchers: list[Callable[[str, bool], None]] = []
        self._stop = threading.Event()
        self._looking: threading.Thread | None = None

    def _make_tables(self) -> None:
        columns = [row[1] for row in self._database.execute("PRAGMA table_info(resources)")]
        if columns and "written" not in columns:
            self._database.execute("ALTER TABLE resources ADD COLUMN written INTEGER NOT NULL DEFAULT 0")
        self._database.executescript(SCHEMA)

    def apply_network(self, network: NetworkSpec, revision: int) -> None:
        with self._transaction():
            self._put("network", network.id, revision, network)

    def remove_network(self, network_id: str, revision: int) -> None:
        with self._transaction():
            ports = self._ports_of(network_id)
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
                self._hosts.begin()
                before = _Seen(self._written(), self._hosts.now(), {})
                before.ports = {port.id: port for port in self._all("port", _Standing)}
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

    def _look(self, before: "_Seen") -> None:
        """Only what was written or plugged since the last look is read."""
        seen: object = None
        while not self._stop.wait(LOOK_EVERY):
            with self._lock:
                now = (self._database.total_changes, self._version(), self._hosts.length())
                if now == seen:
                    continue
                plugged = self._hosts.changed(before.plugged)
                upto = self._written()
                ports = self._written_since(before.written)
                before.written = upto
            states = before.follow(plugged, ports)
            for port_id, up in sorted(states.items()):
                for watcher in self._watchers:
                    watcher(port_id, up)
            seen = now

    def _written(self) -> int:
        number: int = self._database.execute("SELECT coalesce(max(written), 0) FROM resources").fetchone()[0]
        return number

    def _written_since(self, number: int) -> dict[str, "_Standing | None"]:
        """Port id → what is held of it; None: it is gone."""
        rows = self._database.execute(
            "SELECT id, spec FROM resources WHERE kind = 'port' AND written > ?", (number,)
        ).fetchall()
        return {port_id: None if spec is None else _STANDING.decode(spec) for port_id, spec in rows}

    def _ports_of(self, network_id: str) -> list[str]:
        rows = self._database.execute(
            "SELECT id FROM resources WHERE kind = 'port' AND spec ->> 'network_id' = ?", (network_id,)
        )
        return [row[0] for row in rows.fetchall()]

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
            "INSERT OR REPLACE INTO resources (kind, id, revision, spec, written)"
            " VALUES (?, ?, ?, ?, (SELECT coalesce(max(written), 0) + 1 FROM resources))",
            (kind, identifier, revision, None if spec is None else msgspec.json.encode(spec)),
        )

    def _all(self, kind: str, spec: type[Spec]) -> list[Spec]:
        rows = self._database.execute("SELECT spec FROM resources WHERE kind = ? AND spec IS NOT NULL", (kind,))
        decoder = msgspec.json.Decoder(spec)
        return [decoder.decode(encoded) for (encoded,) in rows.fetchall()]


class _Standing(msgspec.Struct):
    """What of a PortSpec says whether it is up: much quicker to read than all of it."""

    id: str
    kind: PortKind = PortKind.VIF
    admin_state_up: bool = True
    host: str | None = None


_STANDING = msgspec.json.Decoder(_Standing)


def _states(ports: Iterable[_Standing], plugged: Mapping[str, str]) -> dict[str, bool]:
    """port id → whether it is up; `plugged`: port id → host."""
    return {port.id: _is_up(port, plugged.get(port.id)) for port in ports if port.kind is PortKind.VIF}


def _is_up(port: _Standing | None, plugged_on: str | None) -> bool:
    if port is None or port.kind is not PortKind.VIF or plugged_on is None:
        return False
    return port.admin_state_up and port.host in (None, plugged_on)


@dataclass
class _Seen:
    """What the watching thread knows. `written`: up to which write; `plugged`: port id → host."""

    written: int
    plugged: dict[str, str]
    ports: dict[str, _Standing]

    def follow(self, plugged: Mapping[str, str | None], ports: Mapping[str, _Standing | None]) -> dict[str, bool]:
        """Port id → whether it is up, of those that went up or down by these changes."""
        touched = plugged.keys() | ports.keys()
        before = {port_id: self._is_up(port_id) for port_id in touched}
        _merge(self.plugged, plugged)
        _merge(self.ports, ports)
        return {port_id: up for port_id in touched if (up := self._is_up(port_id)) != before[port_id]}

    def _is_up(self, port_id: str) -> bool:
        return _is_up(self.ports.get(port_id), self.plugged.get(port_id))


def _merge(known: dict[str, T], changes: Mapping[str, T | None]) -> None:
    for name, value in changes.items():
        if value is None:
            known.pop(name, None)
        else:
            known[name] = value


class FakeWiring:
    """A plug is a file whose content is the host's name; a served network is one that says how."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        _make_folders(folder)
        self.plugs = wiring_folder(folder)
        self.host_name = settings.host_name
        self.cloud = settings.cloud_id
        self.journal = self.plugs / JOURNAL
        if _length(self.journal) > LONGEST_JOURNAL:
            self.journal.unlink()
        self.journal.touch()
        self.journal.chmod(0o644)  # The agent may be root with a strict umask; the topology reads as another user.

    def plug(self, fence: Fence, port_id: str, mac: str, mtu: int) -> str:
        _replace(self.plugs / f"port-{port_id}", self.host_name.encode())
        self._note(port_id)
        return f"t{self.cloud}{port_id[:8]}"

    def unplug(self, fence: Fence, port_id: str) -> None:
        (self.plugs / f"port-{port_id}").unlink(missing_ok=True)
        self._note(port_id)

    def _note(self, port_id: str) -> None:
        """After the change itself, so that who reads the note finds it."""
        with self.journal.open("ab") as opened:
            opened.write(f"{port_id}\n".encode())

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
    """What is plugged where, and what of that has changed, by the journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / JOURNAL
        self._read: tuple[int, int] = (0, 0)
        """The journal (its inode) and how far it was read."""
        self._hosts: dict[str, tuple[int, str]] = {}
        """Port id → its file's inode, and the host that was read there."""

    def length(self) -> tuple[int, int]:
        try:
            found = self.journal.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_ino, found.st_size

    def begin(self) -> None:
        """What changes from here on is `changed`."""
        self._read = self.length()

    def now(self) -> dict[str, str]:
        """Port id → host, of all. A file is never changed, only replaced: each is read once."""
        before, self._hosts = self._hosts, {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.startswith("port-"):
                    port_id = entry.name.removeprefix("port-")
                    kept = before.get(port_id)
                    host = kept[1] if kept and kept[0] == entry.inode() else self._host(port_id)
                    if host is not None:
                        self._hosts[port_id] = entry.inode(), host
        return {port_id: host for port_id, (_, host) in self._hosts.items()}

    def changed(self, known: Iterable[str]) -> dict[str, str | None]:
        """Port id → its host now, None when it is plugged nowhere, of those that were plugged or unplugged meanwhile; of
        all when the journal was begun anew, those that are `known` included."""
        inode, length = self.length()
        if inode != self._read[0]:
            self._read = inode, length
            return {**dict.fromkeys(known, None), **self.now()}
        begin = self._read[1]
        if length <= begin:
            return {}
        with self.journal.open("rb") as opened:
            opened.seek(begin)
            noted = opened.read(length - begin)
        whole = noted.rfind(b"\n") + 1
        self._read = inode, begin + whole
        return {port_id: self._host(port_id) for port_id in dict.fromkeys(noted[:whole].decode().split())}

    def _host(self, port_id: str) -> str | None:
        try:
            with open(f"{self.folder}/port-{port_id}") as opened:
                return opened.read()
        except FileNotFoundError:
            return None


def _length(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _replace(file: Path, content: bytes) -> None:
    # Whole or not at all: the topology may be reading.
    draft = file.parent / f".{file.name}"
    draft.write_bytes(content)
    draft.chmod(0o644)  # The agent may be root with a strict umask; the topology reads as another user.
    draft.replace(file)
