"""Which consoles may be opened, and by whom."""

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.compute.consoles import store
from kumoi.services.compute.consoles.errors import ConsoleTypeUnavailable, TokenNotFound
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


def allow(tx: Transaction, token: str, server_id: str) -> None:
    """Whoever has the token sees the server's screen from now on, for a while."""
    store.insert(tx, token, server_id)


def admitted(tx: Transaction, token: str) -> ServerRow:
    """The server whose screen the token opens; TokenNotFound."""
    found = store.find(tx, token) if token else None
    server = servers.find(tx, found["server_id"]) if found else None
    if server is None or server["host"] is None:
        raise TokenNotFound
    return server
