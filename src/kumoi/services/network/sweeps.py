"""Sweeps that repair differences from the tables, and record missed states of ports."""

from functools import partial
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from kumoi.engines.hosts import Hosts
from kumoi.engines.network.interface import Translations
from kumoi.kernel import events, log, polls, reconcile
from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.fences import Fence
from kumoi.kernel.operations import subject
from kumoi.kernel.reconcile import Sweep, View
from kumoi.services.network import audit
from kumoi.services.network.floating_ips import store as floating_ips_store
from kumoi.services.network.metadata.reconcilers import serving
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import ROUTER_GATEWAY
from kumoi.services.network.ports import states
from kumoi.services.network.topology import parts

REMEMBERED = 7200 * SECOND
"""How long the revision of a deleted resource is kept: longer than the topology refuses late orders for it."""
AT_ONCE = 500
STUCK_AFTER = 3
REVISION_LEAP = 1000
CALLS_WITHOUT_EFFECT = 24
"""After this many calls (two minutes) with the same translations that end no connection, a host is not called until the
translations change."""

_told: "WeakKeyDictionary[Hosts, dict[str, tuple[Translations, int]]]" = WeakKeyDictionary()
"""Host → the translations of the last call, and the number of calls without effect, in this process."""


def repair(view: View) -> None:
    """Mark every difference, so that the reconcilers repair it; also all resources, if the topology's database was
    lost."""
    states.follow(view)
    for look in (audit.topology_differences, audit.serving_differences):
        _mend(view, audit.lasting(partial(look, view)))
    stuck = view.read(_overtaken)
    if stuck:

        def leap(tx: Transaction) -> None:
            for kind, subject_id, wanted in stuck:
                reconcile.outrun(tx, kind, subject_id, wanted + REVISION_LEAP)
                _tell(tx, kind, subject_id, f"the world has a newer revision than {wanted}")

        view.write(leap)
    for host, port_id in audit.stray_plugs(view):
        # The port was deleted under a running server: now remove the plug. Port ids are never reused.
        revision = view.read(partial(reconcile.revision, kind="network.port", subject_id=port_id))
        view.engine(Hosts).wiring(host).unplug(Fence(f"port/{port_id}", revision), port_id)
        view.write(partial(_tell, kind="network.port", subject_id=port_id, problem=f"it was plugged on {host}"))
    for kind, ids in view.read(_long_gone).items():
        view.write(partial(_forget, kind=kind, ids=ids))


def repair_contents(view: View) -> None:
    """As `repair`, for changes that somebody made outside the cloud. It runs rarely and in pieces, because it reads
    everything."""
    for look in audit.contents(view):
        _mend(view, audit.lasting(look))


def _mend(view: View, found: list[audit.Difference]) -> None:
    """A marked difference is not found again until the reconcilers have run, so there is one event for each repair."""

    def mark(tx: Transaction) -> None:
        for one in found:
            reconcile.outrun(tx, one.kind, one.id, one.held)
            _tell(tx, one.kind, one.id, one.problem)

    if found:
        view.write(mark)


def _tell(tx: Transaction, kind: str, subject_id: str, problem: str) -> None:
    """`network.port.mended` of `port/<id>`, in the event log."""
    events.write(tx, f"{kind}.mended", subject(kind.removeprefix("network."), subject_id), problem=problem)


def compare_states(view: View) -> None:
    states.follow(view)
    states.compare(view)


def end_connections(view: View) -> None:
    """End connections through a floating IP that was moved or removed. Hosts are called repeatedly, because their flows
    follow the tables with a short delay, and until then new packets create the old connection again. The calls stop
    after a while, because a host scans all its connections each time."""
    kept = view.read(_translations)
    if not kept.shared:
        return
    hosts = view.engine(Hosts)
    told = _told.setdefault(hosts, {})

    def tell(host: str) -> int:
        before, times = told.get(host, (None, 0))
        times = times if before == kept else 0
        if times == CALLS_WITHOUT_EFFECT:
            return 0
        ended = hosts.wiring(host).end_connections(kept)
        told[host] = kept, 0 if ended else times + 1
        return ended

    for host, ended in polls.ask("connections", hosts.names(), tell, audit.WITHIN).items():
        if isinstance(ended, Exception):
            log.say(__name__, "a host does not end connections", host=host, error=str(ended))
        elif ended:
            log.say(__name__, "ended connections of floating IPs that were moved or removed", host=host, pairs=ended)


def _translations(tx: Transaction) -> Translations:
    shared = [address for address in ports_store.addresses_of_owner(tx, ROUTER_GATEWAY) if ":" not in address]
    return Translations(floating=floating_ips_store.leading(tx), shared=shared)


def _forget(tx: Transaction, kind: str, ids: list[str]) -> None:
    reconcile.forget(tx, kind, ids)


def _overtaken(tx: Transaction) -> list[tuple[str, str, int]]:
    """Rows whose every attempt meets a newer revision, because the tables are an older backup."""
    dirty = reconcile.dirty
    query = sa.select(dirty.c.kind, dirty.c.id, dirty.c.wanted).where(
        dirty.c.kind.like("network.%"),
        dirty.c.applied < dirty.c.wanted,
        dirty.c.attempts >= STUCK_AFTER,
        sa.or_(dirty.c.fault.like("%newer revision%"), dirty.c.fault.like("Stale%")),
    )
    return [(row[0], row[1], row[2]) for row in tx.tuples(query)]


def _long_gone(tx: Transaction) -> dict[str, list[str]]:
    dirty = reconcile.dirty
    found: dict[str, list[str]] = {}
    kept = {part.kind: part.ids for part in parts()}
    for kind, there in {**kept, serving.RECONCILER.kind: kept["network.network"]}.items():
        query = sa.select(dirty.c.id).where(
            dirty.c.kind == kind,
            dirty.c.applied >= dirty.c.wanted,
            dirty.c.next_at < tx.now - REMEMBERED,
            dirty.c.id.not_in(there),
        )
        ids = tx.column(query.limit(AT_ONCE))
        if ids:
            found[kind] = ids
    return found


REPAIR = Sweep("network.topology", 15.0, repair)
CONTENTS = Sweep("network.topology_contents", 300.0, repair_contents)
STATES = Sweep("network.port_states", 5.0, compare_states)
CONNECTIONS = Sweep("network.connections", 5.0, end_connections)
