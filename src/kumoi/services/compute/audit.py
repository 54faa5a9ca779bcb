"""Where servers' rows and the world differ: guests, claims, ports, volumes."""

from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import View
from kumoi.services.block_storage import facade as block_storage
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import AT_REST, LETS_GO, TRANSIENT_VM_STATES, VmState
from kumoi.services.network import facade as networks
from kumoi.services.placement import facade as placement


def differences(view: View) -> list[dict[str, Any]]:
    """What an operation has in its hands just now is no difference: it is listed as unfinished already."""
    servers, busy = view.read(_rows)
    found = view.read(lambda tx: _tables(tx, servers, busy))
    hosts = view.engine(Hosts)
    for name in hosts.names():
        try:
            states, cards = hosts.hypervisor(name).states(), hosts.hypervisor(name).cards()
        except Exception as error:
            found.append(_said("host", name, f"it does not say which guests it has: {error}"))
            continue
        found += _guests(name, states, servers, busy)
        held = {server_id: ports for server_id, ports in cards.items() if states.get(server_id) in LETS_GO}
        known = view.read(lambda tx, held=held: networks.of_servers(tx, list(held)))  # type: ignore[misc]
        for server_id in sorted(held.keys() & servers.keys() - busy):
            lost = set(held[server_id]) - {port.id for port in known.get(server_id, [])}
            found += [_said("server", server_id, f"its guest has a card of port {port}, not its own") for port in lost]
    return found


def _rows(tx: Transaction) -> tuple[dict[str, dict[str, Any]], set[str]]:
    return {row["id"]: row for row in store.every_live(tx)}, store.at_work(tx)


def _tables(tx: Transaction, servers: dict[str, dict[str, Any]], busy: set[str]) -> list[dict[str, Any]]:
    found = []
    for server_id, row in servers.items():
        if server_id not in busy and (row["task_state"] is not None or row["vm_state"] in TRANSIENT_VM_STATES):
            doing = row["task_state"] or row["vm_state"]
            found.append(_said("server", server_id, f"it is {doing}, but nothing works on it"))
    claims = set(placement.consumers(tx))
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
        for server_id in sorted(networks.device_ids(tx) - set(servers))
    ]
    found += [
        _said("attachment", server_id, "a volume is attached to a server that is not there")
        for server_id in sorted(block_storage.server_ids(tx) - set(servers))
    ]
    return found


def _guests(
    host: str, states: dict[str, GuestState], servers: dict[str, dict[str, Any]], busy: set[str]
) -> list[dict[str, Any]]:
    found = []
    for server_id in sorted(states.keys() - busy):
        row = servers.get(server_id)
        if row is None:
            found.append(_said("guest", server_id, f"{host} has a guest of a server that is not there"))
        elif row["host"] != host:
            found.append(_said("guest", server_id, f"{host} has a guest of a server that is on {row['host']}"))
    for server_id, row in servers.items():
        if row["host"] != host or server_id in busy or row["vm_state"] not in AT_REST:
            continue
        state = states.get(server_id, GuestState.ABSENT)
        if state is not AT_REST[VmState(row["vm_state"])]:
            found.append(_said("server", server_id, f"it is {row['vm_state']}, but its guest on {host} is {state}"))
    return found


def _said(kind: str, subject_id: str, problem: str) -> dict[str, Any]:
    return {"service": "compute", "kind": kind, "id": subject_id, "problem": problem}
