"""The table of projects; a domain is a project with `is_domain`, no domain and no parent."""

from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.kernel import changes
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.kernel.removal import Removal
from kumoi.services.identity import names

NO_DOMAIN = ""
"""The domain of a domain; NULLs would not be unique."""


class ProjectRow(TypedDict):
    id: str
    name: str
    folded_name: str
    domain_id: str
    parent_id: str | None
    is_domain: bool
    description: str
    enabled: bool
    options: dict[str, Any]
    extra: dict[str, Any]
    generation: int
    created_at: int


projects = Table[ProjectRow](
    "identity_projects",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    names.folded_column(),
    sa.Column("domain_id", sa.String(64), nullable=False),
    sa.Column("parent_id", sa.String(64), nullable=True, index=True),
    sa.Column("is_domain", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
    sa.UniqueConstraint("domain_id", "folded_name"),
    info=changes.part(project="id"),
)
"""A token names the generation it was issued in; raising it revokes every token of this scope."""


class ProjectTagRow(TypedDict):
    project_id: str
    tag: str


project_tags = Table[ProjectTagRow](
    "identity_project_tags",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("tag", sa.String(255), primary_key=True, index=True),
    info=changes.part(resource="project", key="project_id"),
)

removal = Removal()
"""Of projects; a domain has its own."""
domain_removal = Removal()
"""Of domains, which are rows of this table."""
