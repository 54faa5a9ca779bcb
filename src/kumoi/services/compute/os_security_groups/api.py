"""Routes of security groups until 2.35, answered by the network service:
docs.openstack.org/api-ref/compute/#security-groups-os-security-groups-deprecated."""

import contextlib
from typing import Annotated, Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import BadRequest, Conflict, NotFound, translated
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import until
from kumoi.services.compute import elsewhere
from kumoi.services.compute.server_security_groups.schemas import Rule, Shown
from kumoi.services.compute.servers.schemas.values import Uuid
from kumoi.services.compute.words import Words

routes = Routes()
UNTIL = until("2.35")
GROUPS, RULES = "/os-security-groups", "/os-security-group-rules"
GROUP = "/security-groups/{security_group_id}"
AS_BAD_REQUEST: Words = {Conflict: lambda error: BadRequest(error.message)}
"""Nova answers so where the network service says that something conflicts."""

Text = Annotated[str, msgspec.Meta(max_length=255)]
Port = int | Annotated[str, msgspec.Meta(pattern="^-?[0-9]{1,5}$")] | None


class ListQuery(msgspec.Struct, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=0)] | None = None
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    all_tenants: str | None = None


class Group(msgspec.Struct, kw_only=True):
    name: Text
    description: Text | None = None


class NewRule(msgspec.Struct, kw_only=True):
    parent_group_id: Uuid | None = None
    ip_protocol: Text | None = None
    from_port: Port = None
    to_port: Port = None
    cidr: Text | None = None
    group_id: Text | None = None


class GroupBody(msgspec.Struct):
    security_group: Group


class RuleBody(msgspec.Struct):
    security_group_rule: NewRule


def _names(request: Request, groups: list[dict[str, Any]]) -> dict[str, str]:
    """Group → its name, for the groups and those that their rules name."""
    found = {group["id"]: group["name"] for group in groups}
    remote = {rule["remote_group_id"] for group in groups for rule in group["security_group_rules"]} - {None}
    for group_id in remote - found.keys():
        with contextlib.suppress(NotFound):
            one = elsewhere.ask(request, "network", "GET", GROUP, security_group_id=group_id)["security_group"]
            found[group_id] = one["name"]
    return found


def _every(request: Request, query: dict[str, str]) -> list[dict[str, Any]]:
    return elsewhere.every(request, "network", "/security-groups", "security_groups", **query)


def _group(group: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    rules = [rule for rule in group["security_group_rules"] if rule["direction"] == "ingress"]
    return {
        "id": group["id"], "name": group["name"], "description": group["description"],
        "tenant_id": group["project_id"], "rules": [_rule(rule, names) for rule in rules],
    }  # fmt: skip


def _rule(rule: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    remote = rule["remote_group_id"]
    everything = "0.0.0.0/0" if rule["ethertype"] == "IPv4" else "::/0"
    low, high = rule["port_range_min"], rule["port_range_max"]
    return {
        "id": rule["id"], "parent_group_id": rule["security_group_id"], "ip_protocol": rule["protocol"],
        "from_port": -1 if low is None else low, "to_port": -1 if high is None else high,
        "ip_range": {} if remote else {"cidr": rule["remote_ip_prefix"] or everything},
        "group": {"name": names.get(remote, remote), "tenant_id": rule["project_id"]} if remote else {},
    }  # fmt: skip


def _one(request: Request, group: dict[str, Any]) -> dict[str, Any]:
    return {"security_group": _group(group, _names(request, [group]))}


def _checked(group: Group) -> dict[str, str]:
    if not group.name.strip():
        raise BadRequest("Security group name cannot be empty.")
    return {"name": group.name, "description": group.description or ""}


@routes.get(GROUPS, policy=policy.reader(), query=ListQuery, reply=under("security_groups", list[Shown]), mode="live",
            versions=UNTIL)  # fmt: skip
def index(request: Request, query: ListQuery) -> dict[str, Any]:
    whole = query.all_tenants not in (None, "0", "") and request.who.is_admin
    mine = {} if whole or not request.who.project_id else {"project_id": request.who.project_id}
    groups = _every(request, mine)
    names = _names(request, groups)
    until_ = None if query.limit is None else query.offset + query.limit
    return {"security_groups": [_group(group, names) for group in groups[query.offset : until_]]}


@routes.post(GROUPS, policy=policy.member(), body=GroupBody, reply=under("security_group", Shown), status=200,
             quota=("security_group", "security_group_rule"), errors=(409,), versions=UNTIL)  # fmt: skip
def create(request: Request, body: GroupBody) -> dict[str, Any]:
    asked = {"security_group": _checked(body.security_group)}
    with translated(AS_BAD_REQUEST):
        made = elsewhere.ask(request, "network", "POST", "/security-groups", body=asked)["security_group"]
    return _one(request, made)


@routes.get(f"{GROUPS}/{{security_group_id}}", policy=policy.reader(), reply=under("security_group", Shown),
            versions=UNTIL)  # fmt: skip
def show(request: Request, security_group_id: str) -> dict[str, Any]:
    found = elsewhere.ask(request, "network", "GET", GROUP, security_group_id=security_group_id)
    return _one(request, found["security_group"])


@routes.put(f"{GROUPS}/{{security_group_id}}", policy=policy.member(), body=GroupBody,
            reply=under("security_group", Shown), versions=UNTIL)  # fmt: skip
def update(request: Request, security_group_id: str, body: GroupBody) -> dict[str, Any]:
    asked = {"security_group": _checked(body.security_group)}
    with translated(AS_BAD_REQUEST):
        found = elsewhere.ask(request, "network", "PUT", GROUP, body=asked, security_group_id=security_group_id)
    return _one(request, found["security_group"])


@routes.delete(f"{GROUPS}/{{security_group_id}}", policy=policy.member(), status=202, versions=UNTIL)
def delete(request: Request, security_group_id: str) -> Reply:
    with translated(AS_BAD_REQUEST):
        elsewhere.ask(request, "network", "DELETE", GROUP, security_group_id=security_group_id)
    return Reply()


@routes.post(RULES, policy=policy.member(), body=RuleBody, reply=under("security_group_rule", Rule), status=200,
             quota=("security_group_rule",), errors=(409,), versions=UNTIL)  # fmt: skip
def create_rule(request: Request, body: RuleBody) -> dict[str, Any]:
    asked = body.security_group_rule
    if not asked.parent_group_id:
        raise BadRequest("security_group_rule.parent_group_id: the id of a security group is required.")
    ports = [None if port is None or int(port) == -1 else int(port) for port in (asked.from_port, asked.to_port)]
    rule = {
        "security_group_id": asked.parent_group_id, "direction": "ingress",
        "ethertype": "IPv6" if ":" in (asked.cidr or "") else "IPv4",
        "protocol": asked.ip_protocol.lower() if asked.ip_protocol else None, "port_range_min": ports[0],
        "port_range_max": ports[1], "remote_ip_prefix": None if asked.group_id else asked.cidr,
        "remote_group_id": asked.group_id,
    }  # fmt: skip
    with translated(AS_BAD_REQUEST):
        made = elsewhere.ask(
            request, "network", "POST", "/security-group-rules", body={"security_group_rule": rule}
        )["security_group_rule"]  # fmt: skip
    names = {}
    if asked.group_id:
        remote = elsewhere.ask(request, "network", "GET", GROUP, security_group_id=asked.group_id)["security_group"]
        names = {remote["id"]: remote["name"]}
    return {"security_group_rule": _rule(made, names)}


@routes.delete(f"{RULES}/{{rule_id}}", policy=policy.member(), status=202, versions=UNTIL)
def delete_rule(request: Request, rule_id: str) -> Reply:
    elsewhere.ask(request, "network", "DELETE", "/security-group-rules/{rule_id}", rule_id=rule_id)
    return Reply()
