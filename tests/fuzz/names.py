"""Puts ids of things that exist where a request names things: in paths, queries and bodies."""

from random import Random
from typing import Any

from tests.fuzz.furnished import MARKS, Furnished

KEPT = 0.12
"""How often a generated value stays although something could be named in its place."""
KINDS = {
    "owner_id": "project", "tenant_id": "project", "tenant": "project", "member_id": "project", "member": "project",
    "default_project_id": "project", "parent_id": "project", "owner": "project", "project": "project",
    "implied_role_id": "role", "consumer_id": "server", "consumer_uuid": "server", "instance_uuid": "server",
    "device_id": "server", "serverId": "server", "imageRef": "image", "flavorRef": "flavor", "flavor": "flavor",
    "volumeId": "volume", "source_volid": "volume", "volume_type": "type", "volume_type_id": "type", "net_id": "network",
    "port": "port", "floating_network_id": "network", "remote_group_id": "security_group", "security_groups":
    "security_group", "resource_provider": "provider", "parent_provider_uuid": "provider", "root_provider_uuid":
    "provider", "rule_id": "rule", "key_name": "keypair", "nexthop": "", "network": "network",
    "default_subnetpool_id": "subnetpool", "parent_region_id": "region", "fixed_network": "network",
}  # fmt: skip
WORDS = {
    "resource_class": ("VCPU", "MEMORY_MB", "DISK_GB", "CUSTOM_X"), "key": ("mark", "other"), "tag": ("one",),
    "service": ("identity", "compute"), "marker": (), "limit": ("1", "2", "0", "-1"), "sort_key": ("name", "id", "status"),
    "sort_dir": ("asc", "desc"), "binary": ("nova-compute",), "cidr": ("10.1.0.0/24", "10.0.0.0/24", "fd00::/64"),
    "direction": ("ingress", "egress"), "ethertype": ("IPv4", "IPv6"), "protocol": ("tcp", "icmp", "17"),
    "fixed_ip_address": ("10.0.0.77",), "ip_address": ("10.0.0.78",), "floating_ip_address": ("172.24.9.9",),
    "gateway_ip": ("10.1.0.1",), "destination": ("10.9.0.0/16",), "nexthop": ("10.0.0.9",), "visibility": ("private",
    "shared", "public"), "disk_format": ("raw", "qcow2"), "container_format": ("bare",), "interface": ("public",),
    "source_type": ("image", "volume", "blank"), "destination_type": ("volume", "local"), "type": ("VNC", "novnc"),
}  # fmt: skip
"""Values that carry a request further than chance would."""
QUERIES = (
    "limit", "marker", "sort_key", "sort_dir", "name", "id", "status", "project_id", "tenant_id", "user_id",
    "fields", "all_tenants", "changes-since", "domain_id", "visibility", "owner", "tags", "network_id", "device_id",
    "sort", "with_count", "name__contains", "effective", "include_names", "scope.project.id", "host", "ip",
)  # fmt: skip
"""Asked of routes that do not declare their queries, or wrongly of those that do."""


class Namer:
    """One for a route. `sent`: what a play has sent so far, for a reply may say it again."""

    def __init__(self, furnished: Furnished, service: str, chance: Random, sent: list[str]) -> None:
        self.furnished, self.service, self.chance, self.sent = furnished, service, chance, sent

    def name(self, case: Any) -> None:
        """Changes the case in place."""
        parameters = dict(case.path_parameters or {})
        for name, value in parameters.items():
            found = self.value(name, case.operation.path)
            parameters[name] = value if found is None else found
        case.path_parameters = parameters
        query = dict(case.query or {})
        for name in [*query, *(n for n in QUERIES if self.chance.random() < 0.03)]:
            found = self.value(name, case.operation.path)
            query[name] = found if found is not None else query.get(name, self.anything())
        case.query = query
        if isinstance(case.body, dict | list):
            case.body = self.named(case.body, "", 0)
        self.sent.append(f"{parameters} {query} {case.body!r}")

    def headers(self, case: Any, token: str) -> dict[str, str]:
        if case.operation.path.endswith("/auth/tokens"):
            return {"X-Subject-Token": self.chance.choice((token, token, "nonsense", ""))}
        if self.chance.random() < 0.02:
            return {"Idempotency-Key": self.chance.choice(("a key", "", "k" * 300))}
        return {}

    def named(self, value: Any, key: str, depth: int) -> Any:
        """A body with what its keys speak of put in."""
        if isinstance(value, dict):
            return {name: self.named(inner, name, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.named(inner, key, depth + 1) for inner in value]
        if value is None or isinstance(value, bool):
            return value
        found = self.value(key, "") if isinstance(value, str) else None
        return value if found is None else found

    def value(self, name: str, path: str) -> str | None:
        """An id of the kind that the name speaks of, or a word that fits; None: no idea, or not this time."""
        if self.chance.random() < KEPT:
            return None
        if words := WORDS.get(name):
            return self.chance.choice(words)
        kind = KINDS.get(name, name.removesuffix("_id").removesuffix("_ids").removesuffix("_uuid"))
        if name in ("id", "uuid", "marker"):
            return self.anything()
        if name == "service_id" and self.service == "compute":
            kind = "compute_service"
        if name == "name" and "keypairs" in path:
            kind = "keypair"
        if name == "group_id" and self.service in ("network", "compute"):
            kind = "security_group"
        return self.of(kind)

    def of(self, kind: str) -> str | None:
        """Ours mostly, theirs often; what is hidden never."""
        whose = self.chance.choices(("ours", "theirs", "everybody"), (6, 3, 2))[0]
        for choice in (whose, "ours", "everybody"):
            if ids := self.furnished.things[choice].ids.get(kind):
                return self.chance.choice(ids)
        return None

    def anything(self) -> str:
        ids = self.furnished.things[self.chance.choice(("ours", "theirs", "everybody"))].ids
        return self.chance.choice(ids[self.chance.choice(sorted(ids))])


__all__ = ["MARKS", "Namer"]
