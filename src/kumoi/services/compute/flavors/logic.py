"""Which flavors a project may use, and how admins change them."""

import re
from collections.abc import Mapping, Sequence

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.pagination import MarkerNotFound, sorting
from kumoi.kernel.who import Who
from kumoi.services.compute.flavors import store
from kumoi.services.compute.flavors.errors import (
    AccessExists,
    AccessNotFound,
    ExtraSpecNotFound,
    FlavorIdTaken,
    FlavorNameTaken,
    FlavorNotFound,
    InvalidFlavor,
    NoAccessList,
    PublicFlavor,
)
from kumoi.services.compute.flavors.models import FlavorDetails, flavors

LARGEST = 2**31 - 1
_KEY = re.compile(r"[a-zA-Z0-9_:. -]{1,255}")
_ID = re.compile(r"(?! )[a-zA-Z0-9. _-]{1,255}(?<! )")
_SORT_KEYS = {
    "created_at": "created_at", "description": "description", "ephemeral_gb": "ephemeral", "flavorid": "flavorid",
    "id": "id", "is_public": "is_public", "memory_mb": "ram", "name": "name", "root_gb": "disk",
    "rxtx_factor": "rxtx_factor", "swap": "swap", "updated_at": "updated_at", "vcpus": "vcpus",
}  # fmt: skip


def visible(tx: Transaction, who: Who, flavorid: str) -> FlavorDetails:
    """The row, if the caller's project may use it or the caller is an admin; otherwise FlavorNotFound."""
    row = store.find(tx, flavorid)
    if row is None:
        raise FlavorNotFound(flavorid)
    if not row["is_public"] and not who.sees(None) and who.project_id not in store.projects(tx, row["id"]):
        raise FlavorNotFound(flavorid)
    return row


def existing(tx: Transaction, flavorid: str) -> FlavorDetails:
    row = store.find(tx, flavorid)
    if row is None:
        raise FlavorNotFound(flavorid)
    return row


def list_for(
    tx: Transaction,
    who: Who,
    *,
    is_public: str | None,
    min_ram: int,
    min_disk: int,
    name: str | None,
    sort_keys: Sequence[str],
    sort_dirs: Sequence[str],
    marker: str | None,
    limit: int | None,
) -> list[FlavorDetails]:
    """`is_public` as the query has it: only an admin's is heeded; absent, it is true. `name`: a regular expression."""
    public, project_id = True if not who.sees(None) else _which(is_public), who.only_project
    sort = sorting(
        flavors, sort_keys, sort_dirs or ["asc"], allowed=_SORT_KEYS, default=(("flavorid", "asc"), ("id", "asc"))
    )
    after = None
    if marker is not None:
        after = store.find(tx, marker)
        if after is None:
            raise MarkerNotFound(f"marker [{marker[:255]}] not found")
    return store.list_of(
        tx, is_public=public, project_id=project_id, min_ram=min_ram, min_disk=min_disk, sort=sort, marker=after,
        limit=limit, name_like=None if name is None else tx.check_pattern(name, "name"),
    )  # fmt: skip


def _which(is_public: str | None) -> bool | None:
    said = "true" if is_public is None else is_public.strip().lower()
    if said in ("1", "t", "true", "on", "y", "yes"):
        return True
    if said in ("0", "f", "false", "off", "n", "no"):
        return False
    if said == "none":
        return None
    raise BadRequest(f"Invalid is_public filter [{is_public}]")


def create(
    tx: Transaction,
    *,
    flavorid: str | None,
    name: str,
    vcpus: int,
    ram: int,
    disk: int,
    ephemeral: int = 0,
    swap: int = 0,
    rxtx_factor: float = 1.0,
    is_public: bool = True,
    description: str | None = None,
) -> FlavorDetails:
    """`flavorid` None or `auto`: a new UUID. ram and swap in MiB, disk and ephemeral in GiB."""
    chosen = tx.new_uuid() if flavorid in (None, "auto") else str(flavorid)
    if not _ID.fullmatch(chosen):
        raise InvalidFlavor(
            "Invalid input for field/attribute id: it has letters, digits, '.', '-', '_' and inner spaces, 255 at most."
        )
    if name != name.strip() or not name.isprintable():
        raise InvalidFlavor(
            "Invalid input for field/attribute name: it is printable and neither begins nor ends with a space."
        )
    for field, value, least in (
        ("ram", ram, 1), ("vcpus", vcpus, 1), ("disk", disk, 0), ("OS-FLV-EXT-DATA:ephemeral", ephemeral, 0),
        ("swap", swap, 0),
    ):  # fmt: skip
        if not least <= value <= LARGEST:
            raise InvalidFlavor(f"Invalid input for field/attribute {field}: {value} is not from {least} to {LARGEST}.")
    if not 0 < rxtx_factor < 3.4e38:
        raise InvalidFlavor("Invalid input for field/attribute rxtx_factor: it is larger than 0.")
    if store.find_by_name(tx, name):
        raise FlavorNameTaken(name)
    if store.find(tx, chosen):
        raise FlavorIdTaken(chosen)
    store.insert(
        tx, flavorid=chosen, name=name, vcpus=vcpus, ram=ram, disk=disk, ephemeral=ephemeral, swap=swap,
        rxtx_factor=rxtx_factor, is_public=is_public, description=description,
    )  # fmt: skip
    return existing(tx, chosen)


def describe(tx: Transaction, flavorid: str, description: str | None) -> FlavorDetails:
    store.describe(tx, existing(tx, flavorid)["id"], description)
    return existing(tx, flavorid)


def delete(tx: Transaction, flavorid: str) -> None:
    """Existing servers keep their copy of the flavor."""
    store.delete(tx, existing(tx, flavorid)["id"])


def put_extra_specs(tx: Transaction, flavorid: str, values: Mapping[str, str | int | float]) -> None:
    for key, value in values.items():
        if not _KEY.fullmatch(key):
            raise InvalidFlavor(
                f"Invalid input for field/attribute extra_specs: the key {key[:300]!r} may have letters, digits, '-', "
                "'_', ':', '.' and spaces, 255 at most."
            )
        if len(str(value)) > 255:
            raise InvalidFlavor(f"Invalid input for field/attribute extra_specs: the value of {key} is too long.")
    store.put_extra_specs(tx, existing(tx, flavorid)["id"], {key: str(value) for key, value in values.items()})


def extra_spec(tx: Transaction, who: Who, flavorid: str, key: str) -> str:
    row = visible(tx, who, flavorid)
    if key not in row["extra_specs"]:
        raise ExtraSpecNotFound(flavorid, key)
    return str(row["extra_specs"][key])


def delete_extra_spec(tx: Transaction, flavorid: str, key: str) -> None:
    if not store.delete_extra_spec(tx, existing(tx, flavorid)["id"], key):
        raise ExtraSpecNotFound(flavorid, key)


def projects(tx: Transaction, flavorid: str) -> list[str]:
    row = existing(tx, flavorid)
    if row["is_public"]:
        raise NoAccessList
    return store.projects(tx, row["id"])


def add_project(tx: Transaction, flavorid: str, project_id: str) -> list[str]:
    row = existing(tx, flavorid)
    if row["is_public"]:
        raise PublicFlavor("Can not add access to a public flavor.")
    if project_id in store.projects(tx, row["id"]):
        raise AccessExists(flavorid, project_id)
    store.add_project(tx, row["id"], project_id)
    return store.projects(tx, row["id"])


def remove_project(tx: Transaction, flavorid: str, project_id: str) -> list[str]:
    row = existing(tx, flavorid)
    if row["is_public"]:
        raise PublicFlavor("Can not remove access from a public flavor.")
    if not store.remove_project(tx, row["id"], project_id):
        raise AccessNotFound(flavorid, project_id)
    return store.projects(tx, row["id"])
