"""Checks who may open which console."""

from dataclasses import dataclass

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.compute.consoles import store
from kumoi.services.compute.consoles.errors import ConsoleTypeUnavailable, ForeignOrigin, TokenNotFound
from kumoi.services.compute.servers import store as servers_store
from kumoi.services.compute.servers.errors import NotReady
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import ServerRow

PROTOCOL, KIND = "vnc", "novnc"


def on_host(tx: Transaction, who: Who, server_id: str) -> ServerRow:
    """The row of a server that has a guest on a host; otherwise NotReady."""
    row = changes.own(tx, who, server_id)
    if row["host"] is None:
        raise NotReady(server_id)
    return row


def check(protocol: str, kind: str) -> None:
    if (protocol, kind) != (PROTOCOL, KIND):
        raise ConsoleTypeUnavailable(kind)


def allow(tx: Transaction, token: str, server_id: str, sealed: str) -> None:
    """Give the holder of the token access to the server's screen for a limited time. `sealed`: the caller's own
    token."""
    store.insert(tx, token, server_id, sealed)


@dataclass(frozen=True)
class Admitted:
    """The server of a console token, and the sealed token of the user who opened the console."""

    server: ServerRow
    sealed: str


def admitted(tx: Transaction, token: str) -> Admitted:
    """TokenNotFound for an unknown or expired token."""
    found = store.find(tx, token) if token else None
    server = servers_store.find(tx, found["server_id"]) if found else None
    if found is None or found["sealed"] is None or server is None or server["host"] is None:
        raise TokenNotFound
    return Admitted(server, found["sealed"])


def check_right(tx: Transaction, who: Who, server: ServerRow) -> None:
    """TokenNotFound when this caller may not see this server any more, or when it is deleted or on another host."""
    row = servers_store.find(tx, server["id"])
    if row is None or row["host"] != server["host"]:
        raise TokenNotFound
    if "member" not in who.roles or not who.changes(row["project_id"]):
        raise TokenNotFound


def check_origin(origin: str, base_url: str, others: str) -> None:
    """ForeignOrigin for a browser page of another origin. Programs other than browsers send no origin."""
    if origin and origin.lower() not in {base_url.lower(), *others.lower().split()}:
        raise ForeignOrigin
