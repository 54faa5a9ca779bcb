"""The rules of security groups. Every project has a default group, which is created on first use."""

from collections.abc import Sequence

from kumoi.kernel import quotas, reconcile
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import translated
from kumoi.kernel.who import Who
from kumoi.services.network import ownership, standard_attributes
from kumoi.services.network.bodies import given
from kumoi.services.network.listing import Asked
from kumoi.services.network.security_groups import schemas, store
from kumoi.services.network.security_groups.errors import (
    SecurityGroupCannotRemoveDefault,
    SecurityGroupCannotUpdateDefault,
    SecurityGroupDefaultAlreadyExists,
    SecurityGroupInUse,
    SecurityGroupNotFound,
    SecurityGroupsAmbiguous,
    StatefulInUse,
)
from kumoi.services.network.security_groups.models import (
    DEFAULT,
    SecurityGroupDetails,
    SecurityGroupRow,
    SecurityGroupRuleRow,
    removal,
)
from kumoi.services.network.tags import store as tags_store

LIST_QUERY = store.LISTING.query

KIND = "network.security_group"


def ensure_default(tx: Transaction, project_id: str) -> SecurityGroupRow:
    """The project's default group. It is created if it does not exist. Its members can reach each other and all
    addresses."""
    found = store.default_of(tx, project_id)
    if found is not None:
        return found
    row = standard_attributes.fresh(
        tx,
        SecurityGroupRow,
        project_id,
        name=DEFAULT,
        description="Default security group",
        stateful=True,
        is_default=True,
    )
    rules = _outward(tx, project_id, row["id"])
    for ethertype in ("IPv4", "IPv6"):
        rules.append(_rule(tx, project_id, row["id"], "ingress", ethertype, row["id"]))
    store.insert(tx, row, rules)
    reconcile.mark(tx, KIND, row["id"])
    return row


def has_default(tx: Transaction, project_id: str) -> bool:
    return store.default_of(tx, project_id) is not None


def create(tx: Transaction, who: Who, asked: Sequence[schemas.SecurityGroupCreate]) -> list[SecurityGroupDetails]:
    made = []
    for one in asked:
        values = given(one)
        project_id = ownership.project_of(who, values)
        ensure_default(tx, project_id)
        if one.name == DEFAULT:
            raise SecurityGroupDefaultAlreadyExists()
        quotas.take(tx, "network", project_id, {"security_group": 1, "security_group_rule": 2})
        row = standard_attributes.fresh(
            tx,
            SecurityGroupRow,
            project_id,
            name=one.name,
            description=one.description,
            stateful=one.stateful,
            is_default=False,
        )
        store.insert(tx, row, _outward(tx, project_id, row["id"]))
        if one.tags:
            tags_store.add(tx, row["id"], one.tags)
        reconcile.mark(tx, KIND, row["id"])
        made.append(row)
    return detailed(tx, made)


def index(tx: Transaction, who: Who, asked: Asked) -> list[SecurityGroupDetails]:
    return detailed(tx, store.page(tx, who, asked))


def show(tx: Transaction, who: Who, group_id: str) -> SecurityGroupDetails:
    return detailed(tx, [find(tx, who, group_id)])[0]


def find(tx: Transaction, who: Who, group_id: str) -> SecurityGroupRow:
    row = store.find(tx, group_id)
    if row is None or not who.sees(row["project_id"]):
        raise SecurityGroupNotFound(group_id)
    return row


def update(
    tx: Transaction, who: Who, group_id: str, asked: schemas.SecurityGroupUpdate, if_match: str | None
) -> SecurityGroupDetails:
    row = find(tx, who, group_id)
    ownership.must_own(who, row, "update_security_group")
    standard_attributes.expect_revision(row, if_match)
    values = given(asked)
    if row["is_default"] and values.get("name", row["name"]) != row["name"]:
        raise SecurityGroupCannotUpdateDefault()
    if values.get("name") == DEFAULT and not row["is_default"]:
        raise SecurityGroupDefaultAlreadyExists()
    if values.get("stateful", row["stateful"]) != row["stateful"]:
        with translated({SecurityGroupInUse: lambda error: StatefulInUse(group_id)}):
            removal.check(tx, [group_id])
    if values:
        store.change(tx, group_id, **values)
        reconcile.mark(tx, KIND, group_id)
    return show(tx, who, group_id)


def delete(tx: Transaction, who: Who, group_id: str, if_match: str | None) -> None:
    row = find(tx, who, group_id)
    ownership.must_own(who, row, "delete_security_group")
    standard_attributes.expect_revision(row, if_match)
    if row["is_default"] and not who.is_admin:
        raise SecurityGroupCannotRemoveDefault()
    removal.run(tx, [group_id])
    # As in Neutron, rules of other groups that name it go with it.
    naming = store.rules_naming(tx, group_id)
    store.delete_rules(tx, [rule["id"] for rule in naming])
    for other in sorted({rule["security_group_id"] for rule in naming}):
        store.change(tx, other)
        reconcile.mark(tx, KIND, other)
    store.delete(tx, group_id)
    reconcile.mark(tx, KIND, group_id)


def detailed(tx: Transaction, rows: Sequence[SecurityGroupRow]) -> list[SecurityGroupDetails]:
    """Rows with `rules` and `tags`, as schemas show them."""
    ids = [row["id"] for row in rows]
    rules = store.rules_of(tx, ids)
    tagged = tags_store.of(tx, ids + [rule["id"] for some in rules.values() for rule in some])
    return [
        {
            **row,
            "tags": tagged.get(row["id"], []),
            "rules": [{**rule, "tags": tagged.get(rule["id"], [])} for rule in rules.get(row["id"], [])],
        }
        for row in rows
    ]


def named(tx: Transaction, project_id: str, names: Sequence[str]) -> list[str]:
    """Ids of the project's groups by name or id, each once, in order."""
    found = []
    for name in names:
        by_id = store.find(tx, name)
        if by_id is not None and by_id["project_id"] == project_id:
            found.append(name)
            continue
        if name == DEFAULT:
            found.append(ensure_default(tx, project_id)["id"])
            continue
        rows = store.by_name(tx, project_id, name)
        if not rows:
            raise SecurityGroupNotFound(name, project_id)
        if len(rows) > 1:
            raise SecurityGroupsAmbiguous(name)
        found.append(rows[0]["id"])
    return list(dict.fromkeys(found))


def _outward(tx: Transaction, project_id: str, group_id: str) -> list[SecurityGroupRuleRow]:
    return [_rule(tx, project_id, group_id, "egress", ethertype, None) for ethertype in ("IPv4", "IPv6")]


def _rule(
    tx: Transaction, project_id: str, group_id: str, direction: str, ethertype: str, remote_group_id: str | None
) -> SecurityGroupRuleRow:
    return standard_attributes.fresh(
        tx,
        SecurityGroupRuleRow,
        project_id, security_group_id=group_id, direction=direction, ethertype=ethertype, protocol=None,
        port_range_min=None, port_range_max=None, remote_ip_prefix=None, remote_network="",
        remote_group_id=remote_group_id,
    )  # fmt: skip
