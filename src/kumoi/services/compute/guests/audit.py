"""Compares servers' rows with guests, claims, ports and volumes."""

from dataclasses import dataclass
from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import View
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.block_devices import store as block_devices_store
from kumoi.services.compute.block_devices.models import BlockDeviceRow
from kumoi.services.compute.migrations import store as migrations_store
from kumoi.services.compute.migrations.models import Status
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.models import RELEASES_DEVICES, TRANSIENT_VM_STATES, VmState, at_rest
from kumoi.services.compute.servers.operations.create import resources
from kumoi.services.network.facade import ports
from kumoi.services.placement import facade as placement

Found = list[dict[str, Any]]

_OF_WAITING_RESIZES = (VmState.RESIZED, VmState.ERROR, VmState.RESCUED)
"""What leads out of ERROR and RESCUED leads back to RESIZED."""


@dataclass(frozen=True)
class _Rows:
    """Of one instant, by server. `busy`: those that an operation has in its hands."""

    servers: dict[str, servers_store.LiveServer]
    busy: set[str]
    devices: dict[str, list[BlockDeviceRow]]
    ports: dict[str, list[ports.Port]]

    def volumes_of(self, server_id: str) -> set[str]:
        return {device["volume_id"] for device in self.devices.get(server_id, ()) if device["volume_id"]}

    def ports_of(self, server_id: str) -> set[str]:
        return {port.id for port in self.ports.get(server_id, ())}


@dataclass(frozen=True)
class _Host:
    """What a host reports."""

    states: dict[str, GuestState]
    cards: dict[str, list[str]]
    disks: dict[str, list[str]]
    plugged: list[str]


def differences(view: View) -> Found:
    """Changes by active operations are not differences, because unfinished operations are reported anyway. Everything
    is compared twice, and only what differs both times is reported."""
    found = _look(view)
    if found:
        again = {(one["kind"], one["id"]) for one in _look(view)}
        found = [one for one in found if (one["kind"], one["id"]) in again]
    return found


def _look(view: View) -> Found:
    rows = view.read(_rows)
    found = view.read(lambda tx: _tables(tx, rows.servers, rows.busy) + _claims(tx, rows))
    hosts = view.engine(Hosts)
    for name in hosts.names():
        try:
            hypervisor = hosts.hypervisor(name)
            host = _Host(hypervisor.states(), hypervisor.cards(), hypervisor.disks(), hosts.wiring(name).plugged())
        except Exception as error:
            found.append(_said("host", name, f"it does not say which guests it has: {error}"))
            continue
        found += _guests(name, host.states, rows.servers, rows.busy)
        for server_id in sorted(host.states.keys() & rows.servers.keys() - rows.busy):
            if rows.servers[server_id]["host"] == name:
                found += _devices(name, host, rows, server_id)
    return found


def _rows(tx: Transaction) -> _Rows:
    servers = {row["id"]: row for row in servers_store.every_live(tx)}
    return _Rows(servers, servers_store.at_work(tx), block_devices_store.every(tx), ports.of_devices(tx, list(servers)))


def _devices(name: str, host: _Host, rows: _Rows, server_id: str) -> Found:
    """A guest that must be resumed first keeps the card of a deleted port until then."""
    state = host.states[server_id]
    cards, own = set(host.cards.get(server_id, ())), rows.ports_of(server_id)
    found = []
    if state in RELEASES_DEVICES:
        found += [
            _said("server", server_id, f"its guest has a card of port {port}, not its own") for port in cards - own
        ]
    found += [_said("server", server_id, f"its guest has no card of its port {port}") for port in own - cards]
    plugged, wanted = set(host.disks.get(server_id, ())), rows.volumes_of(server_id)
    found += [
        _said("server", server_id, f"its guest has the disk of volume {volume}, not attached to it")
        for volume in plugged - wanted
    ]
    found += [
        _said("server", server_id, f"its guest has no disk of its volume {volume}") for volume in wanted - plugged
    ]
    if state is GuestState.RUNNING:
        found += [
            _said("server", server_id, f"its guest runs, but nothing is plugged on {name} for its port {port}")
            for port in (own & cards).difference(host.plugged)
        ]
    return found


def _claims(tx: Transaction, rows: _Rows) -> Found:
    """Amounts are those of the flavor at the server's creation."""
    claimed = placement.allocations_of(tx, rows.servers)
    found = []
    for server_id, providers in claimed.items():
        row = rows.servers[server_id]
        if row["host"] is None or server_id in rows.busy:
            continue
        wanted = {name: amount for name, amount in resources(row, rows.devices.get(server_id, [])).items() if amount}
        held = [{name: amount for name, amount in each.items() if amount} for each in providers.values()]
        if held != [wanted]:
            problem = f"placement holds {_amounts(*held)} for a server that takes {_amounts(wanted)}"
            found.append(_said("allocation", server_id, problem))
    return found


def _amounts(*each: dict[str, int]) -> str:
    return " and ".join(", ".join(f"{amount} {name}" for name, amount in sorted(one.items())) for one in each)


def _tables(tx: Transaction, servers: dict[str, servers_store.LiveServer], busy: set[str]) -> Found:
    found = []
    for server_id, row in servers.items():
        if server_id not in busy and (row["task_state"] is not None or row["vm_state"] in TRANSIENT_VM_STATES):
            doing = row["task_state"] or row["vm_state"]
            found.append(_said("server", server_id, f"it is {doing}, but nothing works on it"))
    opened = migrations_store.every_open(tx)
    resizes = {migration["uuid"] for migration in opened}
    for migration in opened:
        server_id = migration["instance_uuid"]
        if server_id not in servers or server_id in busy or migration["status"] != Status.FINISHED:
            continue
        if (state := servers[server_id]["vm_state"]) not in _OF_WAITING_RESIZES:
            found.append(_said("server", server_id, f"its resize waits to be confirmed or reverted, but it is {state}"))
    found += [
        _said("allocation", consumer, "placement holds room for a resize that has ended")
        for consumer in sorted(set(placement.consumers(tx, "MIGRATION")) - resizes)
    ]
    claims = set(placement.consumers(tx, "INSTANCE"))
    found += [
        _said("allocation", consumer, "placement holds room for a server that is not there")
        for consumer in sorted(claims - set(servers))
    ]
    found += [
        _said("allocation", server_id, "placement holds room for a server that is on no host")
        for server_id, row in servers.items()
        if row["host"] is None and server_id in claims and server_id not in busy
    ]
    found += [
        _said("server", server_id, f"it is on {row['host']}, but placement holds no room for it")
        for server_id, row in servers.items()
        if row["host"] and server_id not in claims and server_id not in busy
    ]
    found += [
        _said("port", server_id, "a port belongs to a server that is not there")
        for server_id in sorted(ports.device_ids(tx) - set(servers))
    ]
    found += [
        _said("attachment", server_id, "a volume is attached to a server that is not there")
        for server_id in sorted(block_storage.server_ids(tx) - set(servers))
    ]
    return found


def _guests(
    host: str, states: dict[str, GuestState], servers: dict[str, servers_store.LiveServer], busy: set[str]
) -> Found:
    found = []
    for server_id in sorted(states.keys() - busy):
        row = servers.get(server_id)
        if row is None:
            found.append(_said("guest", server_id, f"{host} has a guest of a server that is not there"))
        elif row["host"] != host:
            found.append(_said("guest", server_id, f"{host} has a guest of a server that is on {row['host']}"))
    for server_id, row in servers.items():
        wanted = at_rest(row["vm_state"], row["power_state"])
        if row["host"] != host or server_id in busy or wanted is None:
            continue
        state = states.get(server_id, GuestState.ABSENT)
        if state is not wanted:
            found.append(_said("server", server_id, f"it is {row['vm_state']}, but its guest on {host} is {state}"))
    return found


def _said(kind: str, subject_id: str, problem: str) -> dict[str, Any]:
    return {"service": "compute", "kind": kind, "id": subject_id, "problem": problem}
