"""The table of servers' disks."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel.database import Instant, Table, metadata


class BlockDeviceRow(TypedDict):
    id: str
    server_id: str
    source_type: str
    destination_type: str
    source_id: str | None
    volume_id: str | None
    attachment_id: str | None
    size_gib: int
    volume_type: str | None
    boot_index: int | None
    device_name: str | None
    delete_on_termination: bool
    tag: str | None
    position: int
    created_at: int


block_devices = Table[BlockDeviceRow](
    "compute_block_devices",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("server_id", sa.String(36), sa.ForeignKey("compute_servers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("source_type", sa.String(16), nullable=False),
    sa.Column("destination_type", sa.String(16), nullable=False),
    sa.Column("source_id", sa.String(36)),
    sa.Column("volume_id", sa.String(36)),
    sa.Column("attachment_id", sa.String(36)),
    sa.Column("size_gib", sa.Integer, nullable=False),
    sa.Column("volume_type", sa.String(255)),
    sa.Column("boot_index", sa.Integer),
    sa.Column("device_name", sa.String(255)),
    sa.Column("delete_on_termination", sa.Boolean, nullable=False),
    sa.Column("tag", sa.String(60)),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_compute_block_devices_server_id", "server_id"),
    sa.Index("ix_compute_block_devices_volume_id", "volume_id"),
)  # fmt: skip
"""`source_type` is image, volume, snapshot or blank, with its id in `source_id`. `destination_type` is local or volume;
`volume_id` is set once the volume exists. `attachment_id` is block storage's."""
