"""Updates port states: from the topology's events, and by a periodic comparison."""

import threading
from weakref import WeakKeyDictionary

from kumoi.engines.network.interface import Topology
from kumoi.kernel import log
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.reconcile import View
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import ACTIVE, DOWN, METADATA

_followed: "WeakKeyDictionary[object, Listener]" = WeakKeyDictionary()
_beginning = threading.Lock()


class Listener:
    """Writes the states that one topology reports. The topology's thread only queues them. A second thread, which lives
    while there is something to write, writes many changes in one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.heard: dict[str, bool] = {}
        self.writing = False
        self.lock = threading.Lock()

    def hear(self, port_id: str, up: bool) -> None:
        with self.lock:
            self.heard[port_id] = up
            if not self.writing:
                self.writing = True
                threading.Thread(target=self._write, name="port-states", daemon=True).start()

    def _write(self) -> None:
        while True:
            with self.lock:
                states, self.heard = self.heard, {}
                if not states:
                    self.writing = False
                    return
            try:
                record(self.database, states)
            except Exception:
                # The periodic comparison repairs what is missed here.
                log.fault(__name__, "port states were not written", ports=len(states))


def follow(view: View) -> None:
    """Start to listen to the topology, once in each process. Earlier changes are compared at once."""
    topology = view.engine(Topology)
    with _beginning:
        if topology in _followed:
            return
        listener = _followed[topology] = Listener(view.database)
    topology.watch(listener.hear)
    compare(view)


def compare(view: View) -> int:
    """Write the topology's state of every port that differs in the tables. Returns how many changed."""
    states = view.engine(Topology).port_states()
    differing = view.read(lambda tx: _differing(tx, states))
    return record(view.database, differing) if differing else 0


def record(database: Database, states: dict[str, bool]) -> int:
    return database.write(lambda tx: ports_store.set_states(tx, states, ACTIVE, DOWN), durable=False)


def _differing(tx: Transaction, states: dict[str, bool]) -> dict[str, bool]:
    written = ports_store.plugged_states(tx, [METADATA])
    return {
        port_id: states.get(port_id, False)
        for port_id, status in written.items()
        if (status == ACTIVE) != states.get(port_id, False)
    }
