"""What is asked of servers before an aggregate changes."""

from kumoi.kernel import counts
from kumoi.kernel.database import Transaction
from kumoi.services.compute.servers import store as servers_store


def has_servers(tx: Transaction, host: str) -> bool:
    return bool(counts.of_holders(tx, servers_store.ON_HOST.name, [host]).get(host, 0))
