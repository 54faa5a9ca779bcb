"""Shapes of domains: docs.openstack.org/api-ref/identity/v3/#domains."""

from collections.abc import Callable
from typing import Any


def domain(row: dict[str, Any], link: Callable[[str], str]) -> dict[str, Any]:
    return {
        **row["extra"],
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "enabled": row["enabled"],
        "tags": [],
        "options": row["options"],
        "links": {"self": link(f"/domains/{row['id']}")},
    }
