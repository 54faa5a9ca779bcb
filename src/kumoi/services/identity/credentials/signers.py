"""Who signs requests with an EC2 access key: the user, with the current roles in the key's project."""

import threading
import weakref
from dataclasses import dataclass, field

import msgspec

from kumoi.kernel import epochs
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import Unauthorized
from kumoi.kernel.tokens import Keys, Payload
from kumoi.kernel.who import Who
from kumoi.services.identity.credentials import logic, store
from kumoi.services.identity.tokens import store as token_store
from kumoi.services.identity.tokens.memory import Memory
from kumoi.services.identity.tokens.standing import stand

MOST = 2000
"""Signers that a process remembers."""


@dataclass(frozen=True)
class Signer:
    who: Who
    access_digest: str
    secret: str = field(repr=False)


_of_database: "weakref.WeakKeyDictionary[Database, Memory[Signer]]" = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def find(database: Database, keys: Keys, access: str) -> Signer | None:
    """None if there is no such key, or its user or project is disabled, or the user has no role in the project. Valid at
    this moment: every change of identity invalidates the cache."""
    with _lock:
        known = _of_database.setdefault(database, Memory(MOST))
    digest = logic.digest(access)

    def look(tx: Transaction) -> Signer | None:
        epoch = epochs.current(tx, "identity")
        kept = known.get((digest,), epoch)
        if kept is None and (kept := _look(tx, keys, digest)) is not None:
            known.put((digest,), epoch, kept)
        return kept

    return database.read(look)


def _look(tx: Transaction, keys: Keys, digest: str) -> Signer | None:
    row = store.with_access(tx, digest)
    user = token_store.user(tx, row["user_id"]) if row else None
    scope = token_store.scope(tx, row["project_id"]) if row and row["project_id"] else None
    if row is None or user is None or scope is None or scope["is_domain"]:
        return None
    payload = Payload(
        row["user_id"], ("ec2credential",), tx.now, tx.now, (row["id"],), row["project_id"],
        user_generation=user["generation"], scope_generation=scope["generation"],
    )  # fmt: skip
    try:
        who = stand(tx, payload).who()
    except Unauthorized:
        return None
    blob = msgspec.json.decode(keys.open_secret(row["sealed_blob"]))
    return Signer(who, digest, str(blob["secret"]))
