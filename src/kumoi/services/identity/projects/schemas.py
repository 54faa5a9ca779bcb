"""Shapes of projects: docs.openstack.org/api-ref/identity/v3/#projects."""

from collections.abc import Callable, Sequence
from typing import Any

Link = Callable[[str], str]
"""A path below the service's prefix → an absolute URL."""


def project(row: dict[str, Any], tags: Sequence[str], link: Link) -> dict[str, Any]:
    return {
        **row["extra"],
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "domain_id": row["domain_id"] or None,
        "parent_id": row["parent_id"],
        "is_domain": row["is_domain"],
        "enabled": row["enabled"],
        "tags": list(tags),
        "options": row["options"],
        "links": {"self": link(f"/projects/{row['id']}")},
    }
