"""The catalogue as a client gets it: URLs by the address that the client came by."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.identity.catalog import store
from kumoi.services.identity.catalog.models import BASE_URL


def address(url: str, base_url: str) -> str:
    """The URL for a client that uses `base_url`. Other placeholders stay."""
    return url.replace(BASE_URL, base_url)


def filled(url: str, base_url: str, project_id: str | None, user_id: str) -> str | None:
    """The URL without placeholders; None if it needs a project and there is none."""
    url = address(url, base_url)
    for name, value in (("project_id", project_id), ("tenant_id", project_id), ("user_id", user_id)):
        for placeholder in (f"$({name})s", f"%({name})s"):
            if placeholder in url:
                if value is None:
                    return None
                url = url.replace(placeholder, value)
    return url


def catalog(tx: Transaction, base_url: str, project_id: str | None, user_id: str) -> list[dict[str, Any]]:
    """[{id, type, name, endpoints: [{id, interface, region, region_id, url}]}] of enabled services and endpoints."""
    found: dict[str, dict[str, Any]] = {}
    for row in store.enabled(tx):
        url = filled(row["url"], base_url, project_id, user_id)
        if url is None:
            continue
        service = found.setdefault(
            row["service_id"],
            {"id": row["service_id"], "type": row["type"], "name": row["name"] or "", "endpoints": []},
        )
        region = row["region_id"]
        service["endpoints"].append(
            {"id": row["id"], "interface": row["interface"], "region": region, "region_id": region, "url": url}
        )
    return list(found.values())
