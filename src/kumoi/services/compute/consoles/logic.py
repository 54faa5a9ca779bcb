"""Which consoles may be opened, and by whom."""

from dataclasses import dataclass

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.compute.consoles import store
from kumoi.services.compute.consoles.errors import ConsoleTypeUnavailable, ForeignOrigin, TokenNotFound
from kumoi.services.compute.servers import store as servers
from kumoi.services.compute.servers.errors import NotReady
from kumoi.services.compute.servers.logic import changes
from kumoi.services.compute.servers.models import ServerRow

PROTOCOL, KIND = "vnc", "novnc"


def on_host(tx: Transaction, who: Who, server_id: str) -> ServerRow:
    """The row of a server whose guest can be asked; NotReady."""
    row = changes.own(tx, who, server_id)
    if row["host"] is None:
        raise NotReady(server_id)
    return row


def check(protocol: str, kind: str) -> None:
    if (protocol, kind) != (PROTOCOL, KIND):
        raise ConsoleTypeUnavailable(kind)


def allow(tx: Transaction, token: str, server_id: str, sealed: str) -> None:
    """Whoever has the token sees the server's screen from now on, for a while. `sealed`: the caller's own token."""
    store.insert(tx, token, server_id, sealed)


@dataclass(frozen=True)
class Admitted:
    """The server whose screen a token opens, and the sealed token of whoever opened the console."""

    server: ServerRow
    sealed: str


def admitted(tx: Transaction, token: str) -> Admitted:
    """TokenNotFound when it opens nothing."""
    found = store.find(tx, token) if token else None
    server = servers.find(tx, found["server_id"]) if found else None
    if found is None or found["sealed"] is None or server is None or server["host"] is None:
        raise TokenNotFound
    return Admitted(server, found["sealed"])


def check_right(tx: Transaction, who: Who, server: ServerRow) -> None:
    """TokenNotFound when this caller may not look at this server's screen any more, or when it is gone or elsewhere."""
    row = servers.find(tx, server["id"])
    if row is None or row["host"] != server["host"]:
        raise TokenNotFound
    if "member" not in who.roles or not who.changes(row["project_id"]):
        raise TokenNotFound


def check_origin(origin: str, base_url: str, others: str) -> None:
    """ForeignOrigin when a page of elsewhere asks in a browser's name; programs that are no browser send none."""
    if origin and origin.lower() not in {base_url.lower(), *others.lower().split()}:
        raise ForeignOrigin
