"""Puts ids of things that exist where a request names things: in paths, queries and bodies."""

import copy
from random import Random
from typing import Any

from kumoi.kernel.database import metadata
from tests.fuzz.examples import EXAMPLES, QUERIES, WORDS_IN_PATHS
from tests.fuzz.furnished import KEY, Furnished

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 10**30, 1.5, "", " ", "x" * 300, "\0", "\ud83d", "é", "%", "../..", "null", [], {},
    [None], {"a": None}, "0.0.0.0/0", "::1", "2026-13-45T00:00:00",
)  # fmt: skip
BY_EXAMPLE, SPOILT = 0.6, 0.35
HEADERS = {
    "Idempotency-Key": ("a key", "", "k" * 300), "If-Match": ("revision_number=1", "revision_number=x", "*", ""),
    "Content-Type": ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "x"),
    "OpenStack-API-Version": ("compute 2.1", "volume 99.9", "compute x", ",,", "placement latest"), "Range": ("bytes=5-1",),
    "X-Forwarded-Host": ("else.where",), "X-Forwarded-Proto": ("gopher",), "Accept": ("text/html",), "Host": ("%zz",),
}  # fmt: skip
ODDLY = 0.05
"""How often a request has a header that is worth a look."""
ASKED, WRONGLY = 0.25, 0.008
"""How often a query that is declared is asked, and one that is not."""
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
    "version-id": "object_version", "versionId": "object_version", "version_marker": "object_version",
    "version-id-marker": "object_version", "key-marker": "object",
    "default_subnetpool_id": "subnetpool", "parent_region_id": "region", "fixed_network": "network",
}  # fmt: skip
WORDS = {
    "public_key": (KEY, KEY, "ssh-rsa x"), "key": ("mark", "other"), "tag": ("one",),
    "resource_class": ("VCPU", "MEMORY_MB", "DISK_GB", "CUSTOM_X"),
    "service": ("identity", "compute"), "marker": (), "limit": ("1", "2", "0", "-1"), "sort_key": ("name", "id", "status"),
    "sort_dir": ("asc", "desc"), "binary": ("nova-compute",), "cidr": ("10.1.0.0/24", "10.0.0.0/24", "fd00::/64"),
    "direction": ("ingress", "egress"), "ethertype": ("IPv4", "IPv6"),
    "fixed_ip_address": ("10.0.0.77",), "ip_address": ("10.0.0.78",), "floating_ip_address": ("172.24.9.9",),
    "gateway_ip": ("10.1.0.1",), "destination": ("10.9.0.0/16",), "nexthop": ("10.0.0.9",), "visibility": ("private",
    "shared", "public"), "disk_format": ("raw", "qcow2"), "container_format": ("bare",), "interface": ("public",),
    "source_type": ("image", "volume", "blank"), "destination_type": ("volume", "local"),
}  # fmt: skip
"""Values that carry a request further than chance would."""
OF_PARENT = {"networks": "network", "block_device_mapping_v2": "volume"}
UNDECLARED = (
    "limit", "marker", "sort_key", "sort_dir", "name", "id", "status", "project_id", "tenant_id", "user_id",
    "fields", "all_tenants", "changes-since", "domain_id", "visibility", "owner", "tags", "network_id", "device_id",
    "sort", "with_count", "name__contains", "effective", "include_names", "scope.project.id", "host", "ip",
)  # fmt: skip
"""Asked of routes that do not declare their queries, or wrongly of those that do."""


class Namer:
    """One for a route. `sent`: what a play has sent so far, for a reply may say it again."""

    def __init__(self, furnished: Furnished, service: str, chance: Random, sent: list[str], token: str) -> None:
        self.furnished, self.service, self.chance = furnished, service, chance
        self.sent, self.token = sent, token

    def name(self, case: Any) -> None:
        """Changes the case in place."""
        path, label = case.operation.path, case.operation.label
        parameters = dict(case.path_parameters or {})
        for name, value in parameters.items():
            found = self.value(name, path)
            parameters[name] = value if found is None else found
            if path in WORDS_IN_PATHS and self.chance.random() > KEPT:
                parameters[name] = self.chance.choice(WORDS_IN_PATHS[path])
        case.path_parameters = parameters
        query = {name: value for name, value in (case.query or {}).items() if self.chance.random() < ASKED}
        for name in [*query, *(n for n in UNDECLARED if self.chance.random() < WRONGLY)]:
            found = self.value(name, path)
            query[name] = found if found is not None else query.get(name, self.anything())
        if label in QUERIES and self.chance.random() > KEPT:
            query = {name: value or str(self.value(name, path)) for name, value in QUERIES[label].items()}
        case.query = query
        if label in EXAMPLES and self.chance.random() < BY_EXAMPLE:
            case.body = copy.deepcopy(self.chance.choice(EXAMPLES[label]))
            case.media_type = "application/json"
            if self.chance.random() < SPOILT:
                self.spoil(case.body)
        if isinstance(case.body, dict | list):
            case.body = self.named(case.body, "", "")
        self.sent.append(f"{parameters} {query} {case.body!r}")

    def spoil(self, body: Any) -> None:
        """Something odd in place of one value, somewhere in it; or one more, or one less."""
        while isinstance(body, dict | list) and body:
            key = self.chance.choice(sorted(body)) if isinstance(body, dict) else self.chance.randrange(len(body))
            if not isinstance(body[key], dict | list) or self.chance.random() < 0.2:
                break
            body = body[key]
        else:
            return
        how = self.chance.random()
        if how < 0.1:
            del body[key]
        elif how < 0.2 and isinstance(body, dict):
            body["unheard of"] = self.chance.choice(ODD)
        else:
            body[key] = copy.deepcopy(self.chance.choice(ODD))

    def headers(self, case: Any, token: str) -> dict[str, str]:
        if case.operation.path.endswith("/auth/tokens"):
            return {"X-Subject-Token": self.chance.choice((token, token, "nonsense", ""))}
        if self.chance.random() < ODDLY:
            name = self.chance.choice(sorted(HEADERS))
            return {name: self.chance.choice(HEADERS[name])}
        return {}

    def named(self, value: Any, key: str, parent: str) -> Any:
        """A body with what its keys speak of put in."""
        if isinstance(value, dict):
            return {self.key(name): self.named(inner, name, key or parent) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.named(inner, key, parent) for inner in value]
        if value == "{key}":
            return KEY
        if value == "{token}":
            return self.token
        if key.endswith("_generation") and isinstance(value, int):
            return self.chance.choice((self._generation(), self._generation(), 0, value))
        if key in ("id", "uuid") and value == "" and (found := self.of(OF_PARENT.get(parent, parent))):
            return found
        found = self.value(key, "") if isinstance(value, str) else None
        return value if found is None else found

    def _generation(self) -> int:
        """Of the one provider there is at first, now."""
        table = metadata.tables["placement_resource_providers"]
        return int(self.furnished.cloud.database.read(lambda tx: tx.all(table.select()))[0]["generation"])

    def key(self, name: Any) -> Any:
        """Bodies of placement name things by keys; examples have `{provider}` there."""
        if isinstance(name, str) and name.startswith("{") and name.endswith("}"):
            return self.of(name[1:-1]) or name
        return name

    def value(self, name: str, path: str) -> str | None:
        """An id of the kind that the name speaks of, or a word that fits; None: no idea, or not this time."""
        if self.chance.random() < KEPT:
            return None
        if words := WORDS.get(name):
            return self.chance.choice(words)
        if name in ("id", "uuid", "marker"):
            return self.anything()
        return self.of(self.kind(name, path))

    def kind(self, name: str, path: str) -> str:
        """What a name speaks of."""
        if name == "service_id" and self.service == "compute":
            return "compute_service"
        if name == "name" and "keypairs" in path:
            return "keypair"
        if name == "group_id" and self.service in ("network", "compute"):
            return "security_group"
        return KINDS.get(name, name.removesuffix("_id").removesuffix("_ids").removesuffix("_uuid"))

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
