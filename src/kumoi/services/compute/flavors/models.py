"""The tables of flavors, their extra specs, and the access lists of private flavors."""

from typing import TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata


class FlavorSize(TypedDict):
    """The columns that a server copies from its flavor."""

    id: int
    flavorid: str
    name: str
    vcpus: int
    ram: int
    disk: int
    ephemeral: int
    swap: int


class FlavorCopy(FlavorSize):
    """What a server keeps of its flavor."""

    extra_specs: dict[str, str]


class FlavorRow(FlavorSize):
    rxtx_factor: float
    is_public: bool
    description: str | None
    created_at: int
    updated_at: int | None


class FlavorDetails(FlavorRow):
    extra_specs: dict[str, str]


flavors = Table[FlavorRow](
    "compute_flavors",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("flavorid", sa.String(255), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("ram", sa.Integer, nullable=False),
    sa.Column("disk", sa.Integer, nullable=False),
    sa.Column("ephemeral", sa.Integer, nullable=False),
    sa.Column("swap", sa.Integer, nullable=False),
    sa.Column("rxtx_factor", sa.Float(53), nullable=False),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant),
    info=changes.part(key="flavorid"),
)
"""`ram` and `swap` in MiB, `disk` and `ephemeral` in GiB."""


class FlavorExtraSpecRow(TypedDict):
    flavor_id: int
    key: str
    value: str


extra_specs = Table[FlavorExtraSpecRow](
    "compute_flavor_extra_specs",
    metadata,
    sa.Column("flavor_id", sa.Integer, sa.ForeignKey(flavors.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)


class FlavorAccessRow(TypedDict):
    flavor_id: int
    project_id: str


access = Table[FlavorAccessRow](
    "compute_flavor_access",
    metadata,
    sa.Column("flavor_id", sa.Integer, sa.ForeignKey(flavors.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", sa.String(255), primary_key=True),
)
