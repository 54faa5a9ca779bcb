"""The table of attempts to log in, by account and address."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata


class LoginRow(TypedDict):
    account: str
    address: str
    failures: int
    failed_at: int | None
    succeeded_at: int | None


logins = Table[LoginRow](
    "identity_logins",
    metadata,
    sa.Column("account", sa.String(64), primary_key=True),
    sa.Column("address", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failed_at", Instant, index=True),
    sa.Column("succeeded_at", Instant, index=True),
    info=changes.UNSEEN,
)
"""`account`: the id of a user or application credential, or a digest of an unknown name. `failures`: of this account
from this address, since the last success."""
