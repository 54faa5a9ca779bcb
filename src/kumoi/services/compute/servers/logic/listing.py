"""Lists of servers: filters, permissions, order and pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import patterns
from kumoi.kernel.bodies import distinct
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Forbidden, PolicyForbids
from kumoi.kernel.pagination import MarkerNotFound, full, sorting, unindexed
from kumoi.kernel.who import Who
from kumoi.services.compute.servers import store
from kumoi.services.compute.servers.models import KNOWN_STATUSES, ServerRow, servers, states_of
from kumoi.services.compute.servers.schemas import values
from kumoi.services.compute.servers.schemas.listing import ListQuery
from kumoi.services.network.facade import addresses

Condition = sa.ColumnElement[bool]

_SORT_KEYS = {
    "access_ip_v4": "access_ip_v4", "access_ip_v6": "access_ip_v6", "auto_disk_config": "disk_config",
    "availability_zone": "availability_zone", "config_drive": "config_drive", "created_at": "created_at",
    "display_description": "description", "display_name": "name", "host": "host", "hostname": "hostname",
    "image_ref": "image_id", "instance_type_id": "flavor_id", "kernel_id": "id", "key_name": "key_name",
    "launch_index": "launch_index", "launched_at": "launched_at", "locked": "locked_by", "locked_by": "locked_by",
    "node": "host", "power_state": "power_state", "progress": "progress", "project_id": "project_id",
    "ramdisk_id": "id", "root_device_name": "root_device_name", "task_state": "task_state",
    "terminated_at": "terminated_at", "updated_at": "updated_at", "user_id": "user_id", "uuid": "id",
    "vm_state": "vm_state",
}  # fmt: skip
_ADMIN_SORT_KEYS = frozenset({"host", "node"})
_ALWAYS = frozenset({"reservation_id", "name", "status", "image", "flavor", "ip", "changes_since", "all_tenants"})
"""Filters that were never an admin's alone; `ip6` joined in 2.5, tags in 2.26, `locked` in 2.73 and more in 2.83."""
_SINCE_2_83 = frozenset({
    "availability_zone", "config_drive", "key_name", "created_at", "launched_at", "terminated_at", "power_state",
    "task_state", "vm_state", "progress", "user_id",
})  # fmt: skip
_TAGS = frozenset({"tags", "tags_any", "not_tags", "not_tags_any"})
_EQUAL = {
    "image": "image_id", "image_ref": "image_id", "flavor": "flavor_id", "host": "host", "node": "host",
    "hypervisor_hostname": "host", "uuid": "id", "availability_zone": "availability_zone",
    "access_ip_v4": "access_ip_v4", "access_ip_v6": "access_ip_v6", "key_name": "key_name", "user_id": "user_id",
    "task_state": "task_state", "vm_state": "vm_state", "reservation_id": "reservation_id",
    "root_device_name": "root_device_name", "locked_by": "locked_by",
}  # fmt: skip
_NUMBERS = {
    "power_state": "power_state", "progress": "progress", "launch_index": "launch_index", "vcpus": "vcpus",
    "memory_mb": "memory_mib",
}  # fmt: skip
_PATTERNS = {"name": "name", "display_name": "name", "hostname": "hostname", "description": "description",
             "display_description": "description"}  # fmt: skip


def list_for(
    tx: Transaction, who: Who, query: ListQuery, instant: Callable[[str], int], behaves: Callable[[str], bool]
) -> tuple[list[ServerRow], bool]:
    """The rows of one page, and whether a limit cut it. `instant` parses an ISO time (ValueError). `behaves`: named
    behaviours of the caller's version."""
    asked = {name: value for name in query.__struct_fields__ if (value := getattr(query, name)) not in (None, [])}
    if not who.sees(None):
        _refuse_keys(query)
        allowed = _allowed(behaves)
        asked = {name: value for name, value in asked.items() if name in allowed}
    conditions = [*_scope(who, asked), *_deleted(who, asked), *_simple(tx, asked), *_times(asked, instant)]
    states = _states(asked, behaves)
    if states is None:
        return [], False
    conditions += states
    conditions += _tags(asked)
    conditions += _addresses(tx, asked)
    sort = sorting(servers, query.sort_key, query.sort_dir, allowed=_SORT_KEYS)
    marker = None
    if query.marker is not None:
        marker = store.find(tx, query.marker, deleted=True)
        if marker is None or not who.sees(marker["project_id"]):
            raise MarkerNotFound(f"marker [{query.marker[:255]}] not found")
    if query.limit == 0:
        return [], False
    rows = store.listing(tx, conditions, sort=sort, marker=marker, limit=query.limit)
    return rows, full(rows, query.limit)


def _allowed(behaves: Callable[[str], bool]) -> frozenset[str]:
    names = _ALWAYS | _TAGS | {"changes_before", "locked"}
    if behaves("anybody filters by ip6"):
        names |= {"ip6"}
    return names | _SINCE_2_83 if behaves("anybody filters by state") else names


def _refuse_keys(query: ListQuery) -> None:
    for key in query.sort_key:
        if key in _ADMIN_SORT_KEYS:
            raise Forbidden(f"Only an admin may sort by {key}.")


def _scope(who: Who, asked: Mapping[str, Any]) -> list[Condition]:
    """Without all_tenants the caller's own project; with it, for an admin, every project or the given one."""
    everywhere = "all_tenants" in asked and (asked["all_tenants"] == "" or _flag(asked["all_tenants"]))
    if who.project_id is None and who.sees(None):
        everywhere = True
    if everywhere and not who.sees(None):
        raise PolicyForbids("os_compute_api:servers:index:get_all_tenants")
    if everywhere:
        project = asked.get("project_id") or asked.get("tenant_id")
        return [servers.c.project_id == project] if project else []
    leaves_few = "uuid" in asked or any(name in asked and addresses.is_whole(asked[name]) for name in ("ip", "ip6"))
    column = unindexed(servers.c.project_id) if leaves_few else servers.c.project_id
    return [column == (who.project_id or "")]


def _flag(text: str) -> bool:
    return values.flag(text, "all_tenants")


def _deleted(who: Who, asked: Mapping[str, Any]) -> list[Condition]:
    """Deleted servers are shown to admins who ask for them, and in `changes-since` lists."""
    if [status.upper() for status in asked.get("status", [])] == ["DELETED"]:
        if not who.sees(None):
            raise Forbidden("Only administrators may list deleted instances")
        return [servers.c.deleted_at.is_not(None)]
    if "deleted" in asked:
        wanted = values.flag(asked["deleted"], "deleted")
        return [servers.c.deleted_at.is_not(None) if wanted else store.LIVE]
    return [] if "changes_since" in asked or "changes_before" in asked else [store.LIVE]


def _simple(tx: Transaction, asked: Mapping[str, Any]) -> list[Condition]:
    found: list[Condition] = [servers.c[column] == asked[name] for name, column in _EQUAL.items() if name in asked]
    found += [
        servers.c[column] == values.whole(asked[name], name, least=-1)
        for name, column in _NUMBERS.items()
        if name in asked
    ]
    for name, column in _PATTERNS.items():
        if name in asked:
            found.append(patterns.matches(servers.c[column], tx.check_pattern(asked[name], name), tx.dialect))
    if "config_drive" in asked:
        found.append(servers.c.config_drive == values.flag(asked["config_drive"], "config_drive"))
    if "locked" in asked:
        locked = values.flag(asked["locked"], "locked")
        found.append(servers.c.locked_by.is_not(None) if locked else servers.c.locked_by.is_(None))
    if "disk_config" in asked:
        found.append(servers.c.disk_config == asked["disk_config"].upper())
    if any(name in asked for name in ("kernel_id", "ramdisk_id")) or values.flag(
        asked.get("soft_deleted"), "soft_deleted"
    ):
        found.append(sa.false())
    return found


def _times(asked: Mapping[str, Any], instant: Callable[[str], int]) -> list[Condition]:
    def when(name: str) -> int:
        try:
            return instant(asked[name])
        except ValueError:
            called = name.replace("changes_", "changes-")
            raise BadRequest(
                f"Invalid input for query parameters {called}. Value: {asked[name][:80]}. It is not a date-time."
            ) from None

    found: list[Condition] = []
    if "changes_since" in asked:
        found.append(servers.c.updated_at >= when("changes_since"))
    if "changes_before" in asked:
        found.append(servers.c.updated_at <= when("changes_before"))
    if len(found) == 2 and when("changes_since") > when("changes_before"):
        raise BadRequest("The value of changes-since must be less than or equal to changes-before.")
    for name in ("created_at", "launched_at", "terminated_at"):
        if name in asked:
            found.append(servers.c[name] == when(name))
    return found


def _states(asked: Mapping[str, Any], behaves: Callable[[str], bool]) -> list[Condition] | None:
    """None: no server can have these statuses."""
    if "status" not in asked:
        return []
    statuses = list(dict.fromkeys(status.upper() for status in asked["status"]))
    if behaves("unknown statuses are refused") and any(status not in KNOWN_STATUSES for status in statuses):
        raise BadRequest("Invalid filter value: status")
    choices = []
    for vm_state, tasks, hiding in states_of(statuses):
        condition = servers.c.vm_state == vm_state
        if tasks is not None:
            condition = sa.and_(condition, servers.c.task_state.in_(tasks))
        elif hiding:
            condition = sa.and_(condition, sa.or_(servers.c.task_state.is_(None), servers.c.task_state.not_in(hiding)))
        choices.append(condition)
    return [sa.or_(*choices)] if choices else None


def _tags(asked: Mapping[str, Any]) -> list[Condition]:
    def every(name: str) -> Sequence[str]:
        texts = asked[name].split(",") if name in asked else []
        return distinct(texts, name.replace("_", "-"), values.MOST_TAGS)

    def any_of(name: str) -> Sequence[str]:
        return list(dict.fromkeys(asked[name].split(","))) if name in asked else []

    found = store.tagged(every("tags"), any_of("tags_any"))
    if "not_tags" in asked:
        found.append(sa.not_(sa.and_(*store.tagged(every("not_tags"), []))))
    if "not_tags_any" in asked:
        found.append(sa.not_(sa.and_(*store.tagged([], any_of("not_tags_any")))))
    return found


def _addresses(tx: Transaction, asked: Mapping[str, Any]) -> list[Condition]:
    """`ip` and `ip6` are regular expressions. If both are given, either may match."""
    choices = [
        servers.c.id.in_(addresses.devices_with(tx, tx.check_pattern(asked[name], name), version))
        for name, version in (("ip", 4), ("ip6", 6))
        if name in asked
    ]
    return [sa.or_(*choices)] if choices else []
