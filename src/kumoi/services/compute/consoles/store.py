"""The SQL of console tokens."""

import hashlib

import sqlalchemy as sa

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.services.compute.consoles.models import LIFETIME, ConsoleTokenRow, tokens


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def insert(tx: Transaction, token: str, server_id: str, sealed: str) -> None:
    """Also deletes expired tokens."""
    tx.execute(tokens.delete().where(tokens.c.expires_at < tx.now))
    tx.insert(tokens, digest=digest(token), server_id=server_id, expires_at=tx.now + LIFETIME * SECOND, sealed=sealed)


def find(tx: Transaction, token: str) -> ConsoleTokenRow | None:
    return tx.one(
        sa.select(tokens).where(tokens.c.digest == digest(token), tokens.c.expires_at >= tx.now), ConsoleTokenRow
    )
