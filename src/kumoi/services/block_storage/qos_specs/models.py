"""The table of QoS specs. A volume type refers to one (`volume_types.qos_specs_id`)."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class QosSpecsRow(TypedDict):
    id: str
    name: str
    consumer: str
    specs: dict[str, str]
    created_at: int
    updated_at: int


qos_specs = Table[QosSpecsRow](
    "block_storage_qos_specs",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("consumer", sa.String(16), nullable=False),
    sa.Column("specs", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
)
