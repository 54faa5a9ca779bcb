"""Compares the tables with the topology and the hosts' plugs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from kumoi.engines.hosts import Hosts
from kumoi.engines.network.interface import Content, NetworkError, Topology
from kumoi.kernel import log, polls, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.reconcile import View
from kumoi.services.network.metadata.reconcilers import serving
from kumoi.services.network.port_rows.models import ports as ports_table
from kumoi.services.network.topology import Part, parts

WITHIN = 10.0
"""Seconds that all hosts have to answer a sweep's question."""
MOVING = ""
"""No host has this name."""


@dataclass(frozen=True)
class Difference:
    """`held`: the revision in the world; 0 when it is not there."""

    kind: str
    id: str
    problem: str
    held: int = 0


def differences(view: View) -> list[dict[str, Any]]:
    """As the audit shows them."""
    return [
        {"service": "network", "kind": one.kind.removeprefix("network."), "id": one.id, "problem": one.problem}
        for one in lasting(partial(_all, view))
    ]


def lasting(look: Callable[[], list[Difference]]) -> list[Difference]:
    """The differences that are found twice, because changes in progress are usually found only once."""
    found = look()
    if found:
        again = {(one.kind, one.id) for one in look()}
        found = [one for one in found if (one.kind, one.id) in again]
    return found


def _all(view: View) -> list[Difference]:
    """A silent topology is a difference. The hosts are still compared."""
    try:
        found = topology_differences(view)
        told = {(one.kind, one.id) for one in found}
        found += [one for one in content_differences(view) if (one.kind, one.id) not in told]
    except NetworkError as error:
        found = [Difference("network.topology", "-", f"it does not say what it holds: {error}")]
    return found + host_differences(view)


def topology_differences(view: View) -> list[Difference]:
    """Compares the existence and revision of resources. Rows with pending changes are left out, because the kernel's
    audit reports them. NetworkError while the topology is silent."""
    expected, revisions, pending = view.read(_tables)
    inventory = view.engine(Topology).inventory()
    found = []
    for part in parts():
        kind, held, wanted = part.kind, inventory[part.content], revisions[part.kind]
        differing = expected[kind] ^ held.keys()
        differing |= {subject_id for subject_id, revision in held.items() if revision != wanted.get(subject_id, 0)}
        for subject_id in sorted(differing):
            if (kind, subject_id) in pending:
                continue
            revision = held.get(subject_id, 0)
            if subject_id not in held:
                found.append(Difference(kind, subject_id, "it is not in the topology"))
            elif subject_id not in expected[kind]:
                found.append(Difference(kind, subject_id, "the topology has it, the tables do not", revision))
            else:
                problem = f"the topology has revision {revision}, the tables want {wanted.get(subject_id, 0)}"
                found.append(Difference(kind, subject_id, problem, revision))
    return found


def content_differences(view: View) -> list[Difference]:
    """Compares the contents of the topology's resources: addresses, groups, rules, translations, routes, DHCP. It costs
    as much as reading everything. NetworkError while the topology is silent."""
    return [one for some in contents(view) for one in some()]


def contents(view: View) -> Iterator[Callable[[], list[Difference]]]:
    """The questions of `content_differences`, about a piece each."""
    for part in parts():
        ids = view.read(lambda tx, part=part: sorted(row[0] for row in tx.tuples(part.ids)))  # type: ignore[misc]
        for some in view.pieces(ids):
            yield partial(_contents_of, view, part, some)


def _contents_of(view: View, part: Part, ids: Sequence[str]) -> list[Difference]:
    wanted = view.read(partial(_settled_content, part=part, ids=ids))
    problem = "the topology holds it with other content than the tables say"
    return [Difference(part.kind, subject_id, problem) for subject_id in view.engine(Topology).differing(wanted)]


def _settled_content(tx: Transaction, part: Part, ids: Sequence[str]) -> list[Content]:
    pending = _pending(tx)
    return list(part.desired(tx, [each for each in ids if (part.kind, each) not in pending]).values())


def host_differences(view: View) -> list[Difference]:
    """Networks that a host should not serve, or does not serve; plugs without a port; leftovers."""
    hosts = view.engine(Hosts)
    bound, wanted = view.read(lambda tx: (_bound(tx), _to_serve(tx)))
    found = []
    for host in hosts.names():
        try:
            there = hosts.wiring(host).inventory()
        except Exception as error:
            # A silent host is a difference. The other hosts are still compared.
            found.append(Difference("network.host", host, f"it does not say what it serves: {error}"))
            continue
        found += _served_otherwise(host, set(there.networks), wanted)
        for port_id in there.ports:
            if bound.get(port_id) != host:
                found.append(Difference("network.port", port_id, f"it is plugged on {host}, where it does not belong"))
        found += [Difference("network.device", name, f"left behind on {host}") for name in there.strays]
    return found


def serving_differences(view: View) -> list[Difference]:
    """The differences of `host_differences` that concern metadata, with a short deadline. Silent hosts are skipped."""
    hosts = view.engine(Hosts)
    wanted = view.read(_to_serve)
    found = []
    for host, served in polls.ask(
        "served", hosts.names(), lambda host: hosts.wiring(host).served_networks(), WITHIN
    ).items():
        if isinstance(served, Exception):
            log.say(__name__, "a host does not say what it serves", host=host, error=str(served))
            continue
        found += _served_otherwise(host, set(served), wanted)
    return found


def stray_plugs(view: View) -> list[tuple[str, str]]:
    """(host, port id) of plugs whose port was deleted."""
    hosts = view.engine(Hosts)
    found = []
    for host, plugged in polls.ask("plugged", hosts.names(), lambda host: hosts.wiring(host).plugged(), WITHIN).items():
        if isinstance(plugged, Exception):
            log.say(__name__, "a host does not say what is plugged", host=host, error=str(plugged))
            continue
        known = view.read(partial(_existing, port_ids=plugged))
        found += [(host, port_id) for port_id in plugged if port_id not in known]
    return found


def _existing(tx: Transaction, port_ids: list[str]) -> set[str]:
    return set(tx.column(sa.select(ports_table.c.id).where(ports_table.c.id.in_(port_ids))))


def _served_otherwise(host: str, served: set[str], wanted: dict[str, set[str]]) -> list[Difference]:
    found = []
    for network_id in sorted(served | set(wanted)):
        should = host in wanted.get(network_id, ())
        if should != (network_id in served) and MOVING not in wanted.get(network_id, ()):
            said = "is not answered" if should else "is answered without need"
            found.append(Difference(serving.RECONCILER.kind, network_id, f"metadata {said} on {host}"))
    return found


def _to_serve(tx: Transaction) -> dict[str, set[str]]:
    """Network id → hosts that should serve it, with MOVING among them while a change is pending."""
    wanted = serving.desired_all(tx)
    for kind, network_id in _pending(tx):
        if kind == serving.RECONCILER.kind:
            wanted.setdefault(network_id, set()).add(MOVING)
    return wanted


def _tables(tx: Transaction) -> tuple[dict[str, set[str]], dict[str, dict[str, int]], set[tuple[str, str]]]:
    """Ids by kind, wanted revisions by kind, and pending changes."""
    expected = {part.kind: set(tx.column(part.ids)) for part in parts()}
    wanted = sa.select(_dirty.c.id, _dirty.c.wanted)
    revisions = {kind: {row[0]: row[1] for row in tx.tuples(wanted.where(_dirty.c.kind == kind))} for kind in expected}
    return expected, revisions, _pending(tx)


_dirty = reconcile.dirty


def _pending(tx: Transaction) -> set[tuple[str, str]]:
    """(kind, id) of pending changes."""
    query = sa.select(_dirty.c.kind, _dirty.c.id).where(_dirty.c.applied < _dirty.c.wanted)
    return {(kind, subject_id) for kind, subject_id in tx.tuples(query) if kind.startswith("network.")}


def _bound(tx: Transaction) -> dict[str, str]:
    """port id → its host."""
    return {
        row[0]: row[1]
        for row in tx.tuples(sa.select(ports_table.c.id, ports_table.c.host).where(ports_table.c.host != ""))
    }
