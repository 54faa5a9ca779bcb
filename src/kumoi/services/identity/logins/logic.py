"""Decides how long the next login attempt must wait.

Failures count for an account and the client's address, so that an attacker at another address cannot lock out the
account's user. If many addresses try one account together, only addresses wait from which nobody ever logged in to that
account.
"""

import hashlib
import ipaddress
from collections.abc import Sequence

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.services.identity.logins import store
from kumoi.services.identity.logins.errors import TooManyAttempts

LONGEST_WAIT, LONGEST_KNOWN_WAIT = 900, 30
"""Seconds. The second value applies to addresses from which the user logged in before."""
MOST_FROM_ALL = 100
"""Failures of one account, from all addresses, after which unknown addresses wait."""
FAILURE_SECONDS = 3600
"""How long the last failure counts."""
SUCCESS_SECONDS, SUCCESS_NOTED_SECONDS = 30 * 86400, 86400
"""How long an address stays known, and the minimum time between two records of its successes."""


def account(*names: str | None) -> str:
    """The account for an unknown user name. It behaves like a real account, so that attackers do not learn which users
    exist."""
    said = "\0".join(name or "" for name in names)
    return f"?{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:60]}"


def source(address: str) -> str:
    """An IPv6 network of 64 bits is one source: each host in it has as many addresses as it likes."""
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.strip()[:64]
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def admit(tx: Transaction, accounts: Sequence[str], address: str, free: int) -> bool:
    """TooManyAttempts, or whether a success is to be written down. `free`: failures that cost no wait; 0: any number."""
    if not accounts or not free:
        return False
    rows = store.at(tx, accounts, address)
    known = {name for name, row in rows.items() if (row["succeeded_at"] or 0) > tx.now - SUCCESS_SECONDS * SECOND}
    wait = 0
    for name, row in rows.items():
        since = tx.now - (row["failed_at"] or 0)
        if row["failures"] >= free and since < FAILURE_SECONDS * SECOND:
            longest = LONGEST_KNOWN_WAIT if name in known else LONGEST_WAIT
            wait = max(wait, min(2 ** min(row["failures"] - free, 20), longest) - since // SECOND)
    strange = [name for name in accounts if name not in known]
    if strange and max(store.failures(tx, strange, tx.now - FAILURE_SECONDS * SECOND).values(), default=0) >= max(
        MOST_FROM_ALL, free
    ):
        wait = max(wait, 60)
    if wait > 0:
        raise TooManyAttempts(wait)
    noted = tx.now - SUCCESS_NOTED_SECONDS * SECOND
    return any(
        name not in rows or rows[name]["failures"] or (rows[name]["succeeded_at"] or 0) < noted for name in accounts
    )


def failed(tx: Transaction, accounts: Sequence[str], address: str) -> None:
    store.forget(tx, tx.now - FAILURE_SECONDS * SECOND, tx.now - SUCCESS_SECONDS * SECOND)
    rows = store.at(tx, accounts, address)
    for name in accounts:
        row = rows.get(name)
        before = 0
        if row is not None and (row["failed_at"] or 0) > tx.now - FAILURE_SECONDS * SECOND:
            before = row["failures"]
        store.keep(tx, name, address, failures=before + 1, failed_at=tx.now)


def succeeded(tx: Transaction, accounts: Sequence[str], address: str) -> None:
    for name in accounts:
        store.keep(tx, name, address, failures=0, failed_at=None, succeeded_at=tx.now)
