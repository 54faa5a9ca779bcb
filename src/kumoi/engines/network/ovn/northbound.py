"""The connection to OVN's northbound database: transactions that are retried, reads, and port states."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ovs.db.idl import ROW_DELETE
from ovsdbapp.backend.ovs_idl.connection import Connection, OvsdbIdl
from ovsdbapp.backend.ovs_idl.transaction import Transaction
from ovsdbapp.exceptions import TimeoutException

from kumoi.engines.network.interface import NetworkError
from kumoi.engines.network.ovn.rows import Rows

TABLES = (
    "ACL",
    "Copp",
    "DHCP_Options",
    "Gateway_Chassis",
    "Logical_Router",
    "Logical_Router_Port",
    "Logical_Router_Static_Route",
    "Logical_Switch",
    "Logical_Switch_Port",
    "NAT",
    "Port_Group",
)
WITHIN = 10
"""Seconds for one transaction, including its retries."""
ATTEMPTS = 5

Answer = TypeVar("Answer")


class Northbound:
    """Connects on first use, then stays connected and survives restarts of the database."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._connection: Any = None
        self._connecting = threading.Lock()
        self._watchers: list[Callable[[str, bool], None]] = []

    def change(self, work: Callable[[Rows], None]) -> None:
        """Run `work` in one transaction, and again if rows that it verified have changed.

        An exception of `work` is raised here, and nothing is changed.
        """
        connection = self._connected()
        for attempt in range(1, ATTEMPTS + 1):
            transaction = Transaction(connection, connection, WITHIN, check_error=True, log_errors=False)
            transaction.add(_Work(work))
            try:
                transaction.commit()
                return
            except TimeoutException as error:
                raise NetworkError(f"OVN's northbound database did not answer within {WITHIN} s") from error
            except RuntimeError as error:
                # Another writer has just created the same row. The next attempt reads it.
                if attempt == ATTEMPTS or not _collision(str(error)):
                    raise NetworkError(f"OVN's northbound database refuses: {error}") from error

    def read(self, question: Callable[[Rows], Answer]) -> Answer:
        connection = self._connected()
        with connection.lock:
            return question(Rows(connection.idl.tables))

    def watch(self, callback: Callable[[str, bool], None]) -> None:
        self._watchers.append(callback)
        self._connected()

    def close(self) -> None:
        with self._connecting:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.stop(WITHIN)

    def _connected(self) -> Any:
        with self._connecting:
            if self._connection is None:
                try:
                    idl = _Idl.from_server(
                        f"unix:{self.socket}", "OVN_Northbound", helper_tables=TABLES, leader_only=False
                    )
                    idl.tell = self._tell
                    # A restarted database is back within a second. The library's own limit, eight seconds, would be
                    # noticeable.
                    idl._session.reconnect.set_backoff(1000, 1000)
                    connection = Connection(idl, WITHIN)
                    connection.start()
                except Exception as error:
                    raise NetworkError(
                        f"OVN's northbound database does not answer at {self.socket}: {error}"
                    ) from error
                idl.live = True
                self._connection = connection
            return self._connection

    def _tell(self, port_id: str, up: bool) -> None:
        for watcher in self._watchers:
            watcher(port_id, up)


class _Work:
    """The library's command object: one function over the rows of a transaction."""

    result = None

    def __init__(self, work: Callable[[Rows], None]) -> None:
        self.work = work

    def run_idl(self, transaction: Any) -> None:
        self.work(Rows(transaction.idl.tables, transaction))

    def post_commit(self, transaction: Any) -> None: ...


class _Idl(OvsdbIdl):  # type: ignore[misc]
    """Compares each port's state with the last reported one, because a reconnection replays everything as new."""

    live = False

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.tell: Callable[[str, bool], None] = lambda port_id, up: None
        self.states: dict[str, bool] = {}

    def notify(self, event: str, row: Any, updates: Any = None) -> None:
        if row._table.name != "Logical_Switch_Port" or row.external_ids.get("kumoi:kind") != "port":
            return
        port_id: str = row.external_ids["kumoi:id"]
        before = self.states.get(port_id, False)
        if event == ROW_DELETE:
            self.states.pop(port_id, None)
            return
        self.states[port_id] = up = row.up == [True]
        if self.live and up != before:
            self.tell(port_id, up)


def _collision(text: str) -> bool:
    return "duplicate" in text or "would have identical values" in text or "already exists" in text
