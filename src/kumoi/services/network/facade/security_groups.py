"""The security groups that a device's ports are in."""

from collections.abc import Callable, Sequence

from kumoi.kernel import reconcile
from kumoi.kernel.database import Transaction
from kumoi.services.network.facade.errors import NoSecuredPort, SecurityGroupNotFound
from kumoi.services.network.port_rows import store as ports_store
from kumoi.services.network.port_rows.models import PortRow
from kumoi.services.network.ports import logic as ports_logic
from kumoi.services.network.security_groups import logic
from kumoi.services.network.security_groups import store as security_groups_store
from kumoi.services.network.security_groups.models import SecurityGroupDetails, SecurityGroupRuleDetails

SecurityGroup = SecurityGroupDetails
SecurityGroupRule = SecurityGroupRuleDetails


def add(tx: Transaction, project_id: str, device_id: str, name: str) -> None:
    """Add each of the device's ports with port security to the project's group (by name or id). SecurityGroupNotFound,
    SecurityGroupsAmbiguous, NoSecuredPort."""
    (group_id,) = logic.named(tx, project_id, [name])
    secured = [row for row in _ports(tx, device_id) if row["port_security_enabled"]]
    if not secured:
        raise NoSecuredPort(device_id, name)
    _regroup(tx, secured, lambda groups: [*groups, group_id])


def remove(tx: Transaction, project_id: str, device_id: str, name: str) -> None:
    """Take every port of the device out of the group. SecurityGroupNotFound, also when no port was in it."""
    (group_id,) = logic.named(tx, project_id, [name])
    if not _regroup(tx, _ports(tx, device_id), lambda groups: [each for each in groups if each != group_id]):
        raise SecurityGroupNotFound(name)


def of_device(tx: Transaction, device_id: str) -> list[SecurityGroup]:
    """The groups that the device's ports are in."""
    memberships = ports_store.groups_of(tx, [row["id"] for row in _ports(tx, device_id)])
    ids = list(dict.fromkeys(group_id for some in memberships.values() for group_id in some))
    found = security_groups_store.by_ids(tx, ids)
    return logic.detailed(tx, [found[group_id] for group_id in ids])


def _ports(tx: Transaction, device_id: str) -> list[PortRow]:
    return ports_store.of_servers(tx, [device_id])


def _regroup(tx: Transaction, rows: Sequence[PortRow], change: Callable[[list[str]], list[str]]) -> int:
    """Returns how many ports changed."""
    memberships = ports_store.groups_of(tx, [row["id"] for row in rows])
    changed = 0
    for row in rows:
        before = memberships.get(row["id"], [])
        after = list(dict.fromkeys(change(before)))
        if after != before:
            ports_store.set_groups(tx, row["id"], after)
            ports_store.change(tx, row["id"])
            reconcile.mark(tx, ports_logic.KIND, row["id"])
            changed += 1
    return changed
