"""The filters of hosts. Each says why a host does not fit; placement has already checked resources and traits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kumoi.services.compute.server_group_rows.models import Policy
from kumoi.services.compute.servers.scheduling import json_query
from kumoi.services.compute.servers.scheduling.hints import Hints
from kumoi.services.compute.servers.scheduling.matching import matches

OF_AGGREGATES = "aggregate_instance_extra_specs"
CAPABILITIES = "capabilities"
TENANTS = "filter_tenant_id"


@dataclass(frozen=True)
class Group:
    """The group of the server, and how many of its other members each host has."""

    name: str
    policy: str
    most: int
    """Members that one host may have."""
    members_on: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """What a server asks of its host besides resources and traits."""

    project_id: str
    zone: str | None
    hosts: frozenset[str]
    """If there are any, it must be this one: where its volumes are, or what an admin named."""
    forced: bool
    """An admin named the host in `availability_zone`, which the zone does not overrule."""
    extra_specs: Mapping[str, str]
    properties: Mapping[str, str]
    """Of its image."""
    hints: Hints
    hosts_of: Mapping[str, str | None]
    """The host of each server in the hints, as far as the project has it."""
    group: Group | None
    required_traits: frozenset[str]


@dataclass(frozen=True)
class HostFacts:
    name: str
    zone: str
    facts: Mapping[str, Any]
    """Name → value, as filters by capabilities and `query` call them."""
    metadata: Mapping[str, frozenset[str]]
    """Of all aggregates that the host is in."""


Filter = Callable[[Wish, HostFacts], str | None]
"""Why the host does not fit, without names that only admins may know; None: it fits."""


def the_named_host(wish: Wish, host: HostFacts) -> str | None:
    if wish.hosts <= {host.name}:
        return None
    return "not the host where its volumes are or that an admin named"


def the_zone(wish: Wish, host: HostFacts) -> str | None:
    if wish.zone is None or wish.forced or wish.zone == host.zone:
        return None
    return f"in the availability zone {host.zone}, not in {wish.zone}"


def of_tenants(wish: Wish, host: HostFacts) -> str | None:
    """Aggregates that some projects have for themselves."""
    allowed = {
        project.strip()
        for key, values in host.metadata.items()
        if key.startswith(TENANTS)
        for value in values
        for project in value.split(",")
    }
    return None if not allowed or wish.project_id in allowed else "in an aggregate for other projects"


def of_isolated_aggregates(wish: Wish, host: HostFacts) -> str | None:
    """Aggregates whose metadata require a trait are for servers that require it too."""
    for key, values in sorted(host.metadata.items()):
        trait = key.removeprefix("trait:")
        if trait != key and "required" in values and trait not in wish.required_traits:
            return f"in an aggregate for servers that require the trait {trait}"
    return None


def of_aggregates(wish: Wish, host: HostFacts) -> str | None:
    for key, wanted in sorted(wish.extra_specs.items()):
        scope, _, name = key.partition(":")
        if scope != OF_AGGREGATES:
            continue
        values = [part.strip() for value in host.metadata.get(name, ()) for part in value.split(",")]
        if not any(matches(value, wanted) for value in values):
            return f"in no aggregate whose {name} is {wanted}"
    return None


def of_capabilities(wish: Wish, host: HostFacts) -> str | None:
    for key, wanted in sorted(wish.extra_specs.items()):
        scope, colon, name = key.partition(":")
        if not colon and key in host.facts:
            name = key
        elif scope != CAPABILITIES or not name:
            continue
        found: Any = host.facts
        for part in name.split(":"):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None or not matches(_text(found), wanted):
            return f"its {name} is not {wanted}"
    return None


def of_image(wish: Wish, host: HostFacts) -> str | None:
    asked = wish.properties
    architecture, kind = asked.get("hw_architecture") or asked.get("architecture"), asked.get("img_hv_type")
    if architecture and architecture != host.facts["cpu_info"].get("arch"):
        return f"its architecture is not the image's, {architecture}"
    if kind and kind.lower() != str(host.facts["hypervisor_type"]).lower():
        return f"its hypervisor is not the image's, {kind}"
    if (mode := asked.get("hw_vm_mode")) and mode != "hvm":
        return f"it does not run guests of the image's mode, {mode}"
    return None


def the_same_host(wish: Wish, host: HostFacts) -> str | None:
    """Of any of the servers in the hint."""
    named = wish.hints.get("same_host", [])
    if not named or host.name in {wish.hosts_of.get(server_id) for server_id in named}:
        return None
    return "it has none of the servers of the hint same_host"


def a_different_host(wish: Wish, host: HostFacts) -> str | None:
    if host.name in {wish.hosts_of.get(server_id) for server_id in wish.hints.get("different_host", [])}:
        return "it has a server of the hint different_host"
    return None


def the_query(wish: Wish, host: HostFacts) -> str | None:
    query = wish.hints.get("query")
    return None if query is None or json_query.holds(query, host.facts) else "the hint query does not hold"


def the_group(wish: Wish, host: HostFacts) -> str | None:
    group = wish.group
    if group is None:
        return None
    here = group.members_on.get(host.name, 0)
    if group.policy == Policy.AFFINITY and group.members_on and not here:
        return f"the server group {group.name} (affinity) is on another host"
    if group.policy == Policy.ANTI_AFFINITY and here >= group.most:
        most = "one server" if group.most == 1 else f"{group.most} servers"
        return f"the server group {group.name} (anti-affinity) has {here} here and allows {most} on one host"
    return None


FILTERS: tuple[Filter, ...] = (
    the_named_host, the_zone, of_tenants, of_isolated_aggregates, of_aggregates, of_capabilities, of_image,
    the_same_host, a_different_host, the_query, the_group,
)  # fmt: skip


OF_IMAGES: tuple[Filter, ...] = (of_isolated_aggregates, of_image)
"""Those that another image of the server can change."""


def reasons(wish: Wish, host: HostFacts, by: tuple[Filter, ...] = FILTERS) -> list[str]:
    """All of them; empty: the host fits."""
    return [why for each in by if (why := each(wish, host)) is not None]


def attraction(wish: Wish, host: HostFacts) -> int:
    """How much a soft policy prefers the host."""
    group = wish.group
    if group is None:
        return 0
    here = group.members_on.get(host.name, 0)
    return {Policy.SOFT_AFFINITY: here, Policy.SOFT_ANTI_AFFINITY: -here}.get(Policy(group.policy), 0)


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
