"""`Idempotency-Key`: a repeated POST gets the first answer again for a day, so a lost reply makes no duplicate."""

import hashlib
from typing import TypedDict

import msgspec
import sqlalchemy as sa
from cryptography.fernet import InvalidToken

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Instant, Table, Transaction, metadata
from kumoi.kernel.errors import BadRequest, Conflict, Unprocessable
from kumoi.kernel.tokens import Keys
from kumoi.kernel.who import Who

KEPT = 24 * 3600 * SECOND
"""How long an answer is stored, in microseconds."""
LONGEST_KEY = 255


class ReplyRow(TypedDict):
    key: str
    body: str
    reply: str
    created_at: int


replies = Table[ReplyRow](
    "kernel_replies",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("body", sa.String(64), nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False, index=True),
)


class Rendered(msgspec.Struct, frozen=True):
    """An answer as it is sent."""

    status: int
    headers: dict[str, str]
    data: bytes
    content_type: str
    file: str | None = None


class Once:
    """One request's key. It is scoped to route, user and the token's permissions, because the answer may contain a
    secret that a weaker token of the same user must not get. `found` and `keep` run in the request's own transaction:
    the second of two requests waits for the first or conflicts with it, and then finds its answer."""

    def __init__(self, keys: Keys, who: Who, route: str, key: str, body: bytes) -> None:
        if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
            raise BadRequest(f"Idempotency-Key must be 1 to {LONGEST_KEY} printable characters.")
        self.keys = keys
        scope = (
            who.user_id, who.project_id, who.domain_id, who.system, who.application_credential_id, sorted(who.roles),
            route, key,
        )  # fmt: skip
        self.key = hashlib.sha256(msgspec.json.encode(scope)).hexdigest()
        # Bodies contain passwords. A digest without a key would allow guessing them.
        self.bodies = keys.digests(self.key.encode() + body)

    def found(self, tx: Transaction) -> Rendered | None:
        """The first answer. Unprocessable if the first request had another body, Conflict if it cannot be unsealed."""
        row = tx.one(
            sa.select(replies).where(replies.c.key == self.key, replies.c.created_at > tx.now - KEPT), ReplyRow
        )
        if row is None:
            return None
        try:
            answer = msgspec.json.decode(self.keys.open_secret(row["reply"]), type=Rendered)
        except InvalidToken:
            raise Conflict(
                "This Idempotency-Key was used, and its answer is sealed with a key that the cloud has no longer: see what"
                " was made of it, and ask with another one."
            ) from None
        if row["body"] not in self.bodies:
            raise Unprocessable("This Idempotency-Key was used with another request body.")
        return answer

    def keep(self, tx: Transaction, reply: Rendered) -> None:
        """Store the answer, sealed, because it may have secrets that are shown only once."""
        sealed = self.keys.seal_secret(msgspec.json.encode(reply).decode())
        tx.execute(replies.delete().where(replies.c.key == self.key))
        tx.insert(replies, key=self.key, body=self.bodies[0], reply=sealed, created_at=tx.now)


def forget_old(tx: Transaction) -> int:
    """Remove answers that are older than a day; returns how many."""
    return tx.changed(replies.delete().where(replies.c.created_at <= tx.now - KEPT))
