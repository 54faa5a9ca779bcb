"""The rules of roles and implied roles."""

from collections.abc import Sequence
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Forbidden
from kumoi.kernel.who import Who
from kumoi.services.identity import additional, listing, names, options, policy
from kumoi.services.identity.domains import logic as domain_logic
from kumoi.services.identity.errors import Absent, Taken
from kumoi.services.identity.project_rows import models as project_models
from kumoi.services.identity.roles import store
from kumoi.services.identity.roles.implications import expanded
from kumoi.services.identity.roles.models import NO_DOMAIN, RoleRow, removal, roles

NEVER_IMPLIED = ("admin",)


def _check_reads_inferences(who: Who, action: str) -> None:
    policy.check_reads_all(who, action)
    policy.check_not_of_domain(who, action)


FILTERS = {"name": roles.c.folded_name}
LIST_QUERY = listing.query(FILTERS, {"domain_id": str})


def select(tx: Transaction, who: Who, params: listing.Params) -> listing.Selection[RoleRow]:
    """Global roles; roles of a domain only if the query has the domain. Domain managers see only global roles."""
    domain_id = params.get("domain_id", [""])[-1]
    if domain_id:
        _check_reads_inferences(who, "list_domain_roles")
    elif not (who.domain_id and "manager" in who.roles):
        policy.check_reads_all(who, "list_roles")
    wanted = [roles.c.domain_id == (domain_id or NO_DOMAIN), *listing.conditions(params, FILTERS)]
    return listing.selection(tx, store, wanted)


def found(tx: Transaction, role_id: str) -> RoleRow:
    row = store.find(tx, role_id)
    if row is None:
        raise Absent("role", role_id)
    return row


def show(tx: Transaction, who: Who, role_id: str) -> RoleRow:
    """A domain manager sees the roles that managers may grant."""
    row = found(tx, role_id)
    if row["domain_id"]:
        _check_reads_inferences(who, "get_domain_role")
    elif not (who.domain_id and "manager" in who.roles and row["name"] in policy.MANAGED_ROLES):
        policy.check_reads_all(who, "get_role")
    return row


def create(tx: Transaction, who: Who, values: dict[str, Any], extra: dict[str, Any]) -> RoleRow:
    policy.check_admin(who, "create_role")
    domain_id = values["domain_id"] or NO_DOMAIN
    if domain_id:
        domain_logic.found(tx, domain_id)
    _check_name(tx, values["name"], domain_id)
    id = tx.new_hex()
    kept = options.merged({}, values["options"], options.RESOURCE, "role")
    description = values["description"]
    store.insert(
        tx, id=id, name=values["name"], domain_id=domain_id, description=description, options=kept, extra=extra
    )
    return found(tx, id)


def _check_name(tx: Transaction, name: str, domain_id: str) -> None:
    if store.named(tx, name, domain_id):
        raise Taken("role", f"name {name}" + (f" at domain ID {domain_id}" if domain_id else ""))


def update(tx: Transaction, who: Who, role_id: str, changes: dict[str, Any], extra: dict[str, Any]) -> RoleRow:
    row = found(tx, role_id)
    policy.check_admin(who, "update_role")
    if (changes.pop("domain_id", row["domain_id"]) or NO_DOMAIN) != row["domain_id"]:
        raise BadRequest("Update of `domain_id` is not allowed.")
    options.check_mutable(row, "role", {**changes, **extra})
    if "name" in changes and names.folded(changes["name"]) != row["folded_name"]:
        _check_name(tx, changes["name"], row["domain_id"])
    if "options" in changes:
        changes["options"] = options.merged(row["options"], changes["options"], options.RESOURCE, "role")
    store.update(tx, role_id, {**changes, "extra": additional.merged("role", row["extra"], extra)})
    return found(tx, role_id)


def delete(tx: Transaction, who: Who, role_id: str) -> None:
    """Also deletes its assignments."""
    row = found(tx, role_id)
    policy.check_admin(who, "delete_role")
    options.check_mutable(row, "role")
    remove(tx, [role_id])


def inferences(tx: Transaction, who: Who) -> list[tuple[RoleRow, list[RoleRow]]]:
    """(prior role, directly implied roles), for every role that implies others."""
    _check_reads_inferences(who, "list_role_inference_rules")
    implied = store.implied(tx)
    rows = store.by_ids(tx, {*implied, *(id for ids in implied.values() for id in ids)})
    return [(rows[prior], sorted((rows[id] for id in ids), key=_name)) for prior, ids in implied.items()]


def _name(row: RoleRow) -> str:
    return str(row["name"])


def implied_by(tx: Transaction, who: Who, prior_role_id: str) -> tuple[RoleRow, list[RoleRow]]:
    _check_reads_inferences(who, "list_implied_roles")
    prior = found(tx, prior_role_id)
    rows = store.by_ids(tx, store.implied(tx).get(prior_role_id, set()))
    return prior, sorted(rows.values(), key=_name)


def implication(tx: Transaction, who: Who, prior_role_id: str, implied_role_id: str) -> tuple[RoleRow, RoleRow]:
    """Both roles; Absent if the first does not imply the second."""
    _check_reads_inferences(who, "get_implied_role")
    prior, implied = found(tx, prior_role_id), found(tx, implied_role_id)
    if implied_role_id not in store.implied(tx).get(prior_role_id, set()):
        raise Absent("implied role", f"{prior_role_id} does not imply {implied_role_id}")
    return prior, implied


def imply(tx: Transaction, who: Who, prior_role_id: str, implied_role_id: str) -> tuple[RoleRow, RoleRow]:
    """Refused where it would close a circle, imply admin, or reach from everywhere into a domain."""
    policy.check_admin(who, "create_implied_role")
    prior, implied = found(tx, prior_role_id), found(tx, implied_role_id)
    if implied["name"] in NEVER_IMPLIED and not implied["domain_id"]:
        raise Forbidden(f"Role {implied_role_id} ({implied['name']}) cannot be an implied role.")
    if implied["domain_id"] and not prior["domain_id"]:
        raise Forbidden(f"Role {implied_role_id} of a domain cannot be implied by a role that holds everywhere.")
    edges = store.implied(tx)
    if prior_role_id in expanded([implied_role_id], edges):
        raise BadRequest(f"Role {implied_role_id} implies {prior_role_id} already: a circle is not possible.")
    if implied_role_id not in edges.get(prior_role_id, set()):
        store.imply(tx, prior_role_id, implied_role_id)
    return prior, implied


def imply_no_more(tx: Transaction, who: Who, prior_role_id: str, implied_role_id: str) -> None:
    policy.check_admin(who, "delete_implied_role")
    implication(tx, who, prior_role_id, implied_role_id)
    store.imply_no_more(tx, prior_role_id, implied_role_id)
    policy.roles_lost(tx, None)


def remove(tx: Transaction, ids: Sequence[str]) -> None:
    """Also deletes their assignments."""
    removal.run(tx, ids)
    store.delete(tx, ids)


@project_models.domain_removal.follow
def _of_domains(tx: Transaction, domain_ids: Sequence[str]) -> None:
    for domain_id in domain_ids:
        remove(tx, store.of_domain(tx, domain_id))
