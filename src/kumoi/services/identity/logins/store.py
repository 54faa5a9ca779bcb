"""The SQL of login attempts."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.services.identity.logins.models import LoginRow, logins


def at(tx: Transaction, accounts: Sequence[str], address: str) -> dict[str, LoginRow]:
    """Account → its row for this address, where there is one."""
    return {row["account"]: row for row in tx.rows(logins, account=accounts, address=address)}


def failures(tx: Transaction, accounts: Sequence[str], since: int) -> dict[str, int]:
    """Account → failures from all addresses whose last failure is later than `since`."""
    counted = sa.select(logins.c.account, sa.func.sum(logins.c.failures))
    recent = counted.where(logins.c.account.in_(accounts), logins.c.failed_at > since)
    return {account: int(failures) for account, failures in tx.tuples(recent.group_by(logins.c.account))}


def keep(tx: Transaction, account: str, address: str, **values: Any) -> None:
    tx.upsert(logins, {"account": account, "address": address}, values)


def forget(tx: Transaction, failed_before: int, succeeded_before: int) -> None:
    """Delete records that no longer count."""
    never = logins.c.succeeded_at.is_(None)
    tx.execute(logins.delete().where(logins.c.failed_at < failed_before, never))
    tx.execute(logins.delete().where(logins.c.succeeded_at < succeeded_before))
