"""Tags on whatever the caller may change."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.floating_ips import logic as floating_ips
from kumoi.services.network.floating_ips import models as floating_ips_models
from kumoi.services.network.networks import logic as networks
from kumoi.services.network.networks import models as networks_models
from kumoi.services.network.ports import logic as ports
from kumoi.services.network.ports import models as ports_models
from kumoi.services.network.routers import logic as routers
from kumoi.services.network.routers import models as routers_models
from kumoi.services.network.security_group_rules import logic as rules
from kumoi.services.network.security_group_rules import models as rules_models
from kumoi.services.network.security_groups import logic as groups
from kumoi.services.network.security_groups import models as groups_models
from kumoi.services.network.subnetpools import logic as subnetpools
from kumoi.services.network.subnetpools import models as subnetpools_models
from kumoi.services.network.subnets import logic as subnets
from kumoi.services.network.subnets import models as subnets_models
from kumoi.services.network.tags import store
from kumoi.services.network.tags.errors import InvalidTag, TagNotFound
from kumoi.services.network.tags.models import MOST

Find = Callable[[Transaction, Who, str], dict[str, Any]]

TAGGED: dict[str, tuple[Find, sa.Table]] = {
    "networks": (networks.find, networks_models.networks),
    "subnets": (subnets.find, subnets_models.subnets),
    "subnetpools": (subnetpools.find, subnetpools_models.subnetpools),
    "ports": (ports.find, ports_models.ports),
    "routers": (routers.find, routers_models.routers),
    "floatingips": (floating_ips.find, floating_ips_models.floating_ips),
    "security-groups": (groups.find, groups_models.security_groups),
    "security-group-rules": (rules.find, rules_models.security_group_rules),
}
"""Collection → how a resource of it is found, and its table."""


def of(tx: Transaction, who: Who, collection: str, resource_id: str) -> list[str]:
    TAGGED[collection][0](tx, who, resource_id)
    return store.of(tx, [resource_id]).get(resource_id, [])


def must_have(tx: Transaction, who: Who, collection: str, resource_id: str, tag: str) -> None:
    if tag not in of(tx, who, collection, resource_id):
        raise TagNotFound(tag)


def add(tx: Transaction, who: Who, collection: str, resource_id: str, names: Sequence[str]) -> list[str]:
    """All tags after it."""
    _may_change(tx, who, collection, resource_id)
    _check(names)
    store.add(tx, resource_id, names)
    now = store.of(tx, [resource_id]).get(resource_id, [])
    _check(now)
    standard_attributes.change(tx, TAGGED[collection][1], resource_id)
    return now


def replace(tx: Transaction, who: Who, collection: str, resource_id: str, names: Sequence[str]) -> list[str]:
    _may_change(tx, who, collection, resource_id)
    _check(names)
    store.remove(tx, resource_id)
    return add(tx, who, collection, resource_id, names)


def remove(tx: Transaction, who: Who, collection: str, resource_id: str, tag: str | None) -> None:
    """One, or all when `tag` is None."""
    _may_change(tx, who, collection, resource_id)
    gone = store.remove(tx, resource_id, None if tag is None else [tag])
    if tag is not None and not gone:
        raise TagNotFound(tag)
    standard_attributes.change(tx, TAGGED[collection][1], resource_id)


def _may_change(tx: Transaction, who: Who, collection: str, resource_id: str) -> None:
    ownership.must_own(who, TAGGED[collection][0](tx, who, resource_id), f"update_{collection}_tags")


def _check(names: Sequence[str]) -> None:
    if len(names) > MOST:
        raise InvalidTag(f"the number of tags exceeds the maximum {MOST}")
    for name in names:
        if not name or len(name) > 255 or "/" in name or "," in name:
            raise InvalidTag(f"'{name[:64]}' is not a valid tag: 1 to 255 characters without comma and slash")
