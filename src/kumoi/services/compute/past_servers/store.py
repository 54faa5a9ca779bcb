"""The SQL of servers whose rows are gone."""

from collections.abc import Sequence

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.services.compute.past_servers.models import KEPT, PastServerRow, past_servers


def keep(tx: Transaction, rows: Sequence[PastServerRow]) -> None:
    tx.insert_many(past_servers, rows)


def forget_old(tx: Transaction) -> int:
    return tx.changed(past_servers.delete().where(past_servers.c.terminated_at < tx.now - KEPT * SECOND))
