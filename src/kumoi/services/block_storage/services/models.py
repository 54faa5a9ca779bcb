"""The table of hosts that an admin has taken out of use."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Table, metadata


class VolumeServiceRow(TypedDict):
    host: str
    disabled: bool
    disabled_reason: str | None
    frozen: bool


volume_services = Table[VolumeServiceRow](
    "block_storage_volume_services",
    metadata,
    sa.Column("host", sa.String(255), primary_key=True),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.String(255)),
    sa.Column("frozen", sa.Boolean, nullable=False),
    info=changes.UNSEEN,
)
"""A host without a row is enabled. `disabled`: it gets no new volumes; `frozen`: shown, and treated as disabled."""
