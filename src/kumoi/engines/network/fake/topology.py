"""The topology of a cloud without real networks: an SQLite database in the data folder."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from kumoi.engines.network.fake import plugs
from kumoi.engines.network.interface import (
    Content,
    FloatingIpSpec,
    Inventory,
    NetworkError,
    NetworkSpec,
    NotThere,
    PortKind,
    PortSpec,
    RouterSpec,
    SecurityGroupSpec,
    kinds,
)
from kumoi.kernel.fences import Stale
from kumoi.kernel.settings import Folder, Settings

Spec = TypeVar("Spec", bound=msgspec.Struct)
T = TypeVar("T")

LOOK_EVERY = 0.02
"""Seconds between two looks for ports that went up or down."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, spec BLOB, written INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resources_network ON resources (spec ->> 'network_id') WHERE kind = 'port';
CREATE INDEX IF NOT EXISTS resources_written ON resources (written);
"""
"""A removed resource keeps its row, without a spec. `written` grows with each write, so a reader finds what is new."""


class FakeTopology:
    """Enforces the same rules as OVN's: revisions, and references between resources. A port is up when it is plugged."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        plugs.make_folders(folder)
        self.plugs = plugs.wiring_folder(folder)
        self._hosts = plugs.Plugs(self.plugs)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            plugs.topology_folder(folder) / "topology.db", timeout=10, isolation_level=None, check_same_thread=False
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

    def apply(self, content: Content, revision: int) -> None:
        self.apply_all([(content, revision)])

    def apply_all(self, contents: Sequence[tuple[Content, int]]) -> None:
        with self._transaction():
            for content, revision in contents:
                self._put(content.resource, content.id, revision, content)
                for kind, identifier in content.needs():
                    self._need(kind.resource, identifier)
                if isinstance(content, PortSpec):
                    for group_id in content.security_groups:
                        if self._held(SecurityGroupSpec.resource, group_id)[1] is None:
                            self._write(SecurityGroupSpec.resource, group_id, 0, SecurityGroupSpec(id=group_id))

    def remove(self, kind: type[Content], id: str, revision: int) -> None:
        with self._transaction():
            self._drop(kind.resource, id, revision)
            if kind is NetworkSpec:
                self._must_be_empty(id)
            elif kind is RouterSpec:
                for floating_ip in self._all("floating_ip", FloatingIpSpec):
                    if floating_ip.router_id == id:
                        self._database.execute(
                            "UPDATE resources SET spec = NULL WHERE kind = 'floating_ip' AND id = ?", (floating_ip.id,)
                        )

    def _must_be_empty(self, network_id: str) -> None:
        ports = self._ports_of(network_id)
        for router in self._all("router", RouterSpec):
            ports += [each.port_id for each in router.interfaces if each.network_id == network_id]
            if router.gateway is not None and router.gateway.network_id == network_id:
                ports.append(router.gateway.port_id)
        if ports:
            raise NetworkError(f"network {network_id} still has ports: {', '.join(sorted(ports)[:5])}")

    def port_states(self) -> dict[str, bool]:
        with self._lock:
            plugged = self._hosts.now()
            return _states(self._all("port", _PortState), plugged)

    def watch(self, callback: Callable[[str, bool], None]) -> None:
        with self._lock:
            self._watchers.append(callback)
            if self._looking is None:
                self._hosts.begin()
                before = _Seen(self._written(), self._hosts.now(), {})
                before.ports = {port.id: port for port in self._all("port", _PortState)}
                self._looking = threading.Thread(target=self._look, args=(before,), daemon=True)
                self._looking.start()

    def inventory(self) -> Inventory:
        held: dict[str, dict[str, int]] = {kind.resource: {} for kind in kinds()}
        with self._lock:
            for kind, identifier, revision in self._database.execute(
                "SELECT kind, id, revision FROM resources WHERE spec IS NOT NULL"
            ):
                held[kind][identifier] = revision
        return {kind: held[kind.resource] for kind in kinds()}

    def differing(self, wanted: Sequence[Content]) -> list[str]:
        with self._lock:
            return [spec.id for spec in wanted if self._held(spec.resource, spec.id)[1] != msgspec.json.encode(spec)]

    def close(self) -> None:
        self._stop.set()
        if self._looking is not None:
            self._looking.join()
        with self._lock:
            self._database.close()

    def _look(self, before: "_Seen") -> None:
        """Report ports that went up or down. Reads only what was written or plugged since the last look."""
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

    def _written_since(self, number: int) -> dict[str, "_PortState | None"]:
        """Port id → its fields that decide whether it is up; None: it was removed."""
        rows = self._database.execute(
            "SELECT id, spec FROM resources WHERE kind = 'port' AND written > ?", (number,)
        ).fetchall()
        return {port_id: None if spec is None else _PORT_STATE.decode(spec) for port_id, spec in rows}

    def _ports_of(self, network_id: str) -> list[str]:
        rows = self._database.execute(
            "SELECT id FROM resources WHERE kind = 'port' AND spec ->> 'network_id' = ?", (network_id,)
        )
        return [row[0] for row in rows.fetchall()]

    def _version(self) -> int:
        """A number that changes when another process writes."""
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


class _PortState(msgspec.Struct):
    """The fields of a PortSpec that decide whether the port is up. Decoding only these is much faster."""

    id: str
    kind: PortKind = PortKind.VIF
    admin_state_up: bool = True
    host: str | None = None


_PORT_STATE = msgspec.json.Decoder(_PortState)


def _states(ports: Iterable[_PortState], plugged: Mapping[str, str]) -> dict[str, bool]:
    """Port id → whether it is up. `plugged`: port id → host."""
    return {port.id: _is_up(port, plugged.get(port.id)) for port in ports if port.kind is PortKind.VIF}


def _is_up(port: _PortState | None, plugged_on: str | None) -> bool:
    if port is None or port.kind is not PortKind.VIF or plugged_on is None:
        return False
    return port.admin_state_up and port.host in (None, plugged_on)


@dataclass
class _Seen:
    """What the watching thread knows. `written`: the last write that it read. `plugged`: port id → host."""

    written: int
    plugged: dict[str, str]
    ports: dict[str, _PortState]

    def follow(self, plugged: Mapping[str, str | None], ports: Mapping[str, _PortState | None]) -> dict[str, bool]:
        """Apply changes. Returns port id → whether it is up, for the ports that these changes took up or down."""
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
