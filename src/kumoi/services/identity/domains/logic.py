"""The rules of domains."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.identity import additional, listing, names, options, policy
from kumoi.services.identity.errors import Taken
from kumoi.services.identity.project_rows import store as project_rows_store
from kumoi.services.identity.project_rows.errors import NotPossible
from kumoi.services.identity.project_rows.models import NO_DOMAIN, ProjectRow, domain_removal
from kumoi.services.identity.project_rows.models import projects as projects_table
from kumoi.services.identity.users import store as user_store

DEFAULT = "default"
FILTERS = {"name": projects_table.c.folded_name, "enabled": projects_table.c.enabled}


LIST_QUERY = listing.query(FILTERS)


def select(tx: Transaction, who: Who, params: listing.Params) -> listing.Selection[ProjectRow]:
    domain_id = policy.listed_domain(who, None, "list_domains")
    wanted = [projects_table.c.domain_id == NO_DOMAIN, *listing.conditions(params, FILTERS)]
    if domain_id is not None:
        wanted.append(projects_table.c.id == domain_id)
    return listing.selection(tx, project_rows_store, wanted, project_rows_store.find_domain)


found = project_rows_store.existing_domain


def show(tx: Transaction, who: Who, domain_id: str) -> ProjectRow:
    """A token may always read its own domain."""
    if who.domain_id != domain_id and who.project_domain_id != domain_id:
        policy.check_reads_all(who, "get_domain")
    return found(tx, domain_id)


def create(tx: Transaction, who: Who, values: dict[str, Any], extra: dict[str, Any]) -> ProjectRow:
    """`values`: name, description, enabled, options and perhaps id."""
    policy.check_admin(who, "create_domain")
    if project_rows_store.named(tx, values["name"], NO_DOMAIN):
        raise Taken("project", f"name {values['name']} as a domain")
    id = values.get("id") or tx.new_hex()
    if project_rows_store.find(tx, id):
        raise Taken("project", f"ID {id}")
    project_rows_store.insert(
        tx, id=id, name=values["name"], domain_id=NO_DOMAIN, parent_id=None, is_domain=True,
        description=values["description"] or "", enabled=values["enabled"],
        options=options.merged({}, values["options"], options.RESOURCE, "domain"), extra=extra,
    )  # fmt: skip
    return found(tx, id)


def update(tx: Transaction, who: Who, domain_id: str, changes: dict[str, Any], extra: dict[str, Any]) -> ProjectRow:
    """Disabling revokes every token in the domain."""
    row = found(tx, domain_id)
    policy.check_admin(who, "update_domain")
    options.check_mutable(row, "domain", {**changes, **extra})
    name = changes.get("name", row["name"])
    if names.folded(name) != row["folded_name"] and project_rows_store.named(tx, name, NO_DOMAIN):
        raise Taken("project", f"name {name} as a domain")
    changes = {**changes, "extra": additional.merged("domain", row["extra"], extra)}
    if "options" in changes:
        changes["options"] = options.merged(row["options"], changes["options"], options.RESOURCE, "domain")
    if "description" in changes:
        changes["description"] = changes["description"] or ""
    if changes.get("enabled") is False:
        if domain_id == DEFAULT:
            raise NotPossible("cannot disable the default domain")
        project_rows_store.revoke_domain(tx, domain_id)
        user_store.revoke_domain(tx, domain_id)
    project_rows_store.update(tx, domain_id, changes)
    return found(tx, domain_id)


def delete(tx: Transaction, who: Who, domain_id: str) -> None:
    policy.check_admin(who, "delete_domain")
    row = found(tx, domain_id)
    options.check_mutable(row, "domain")
    if domain_id == DEFAULT:
        raise NotPossible("cannot delete the default domain")
    if row["enabled"]:
        raise NotPossible("cannot delete a domain that is enabled, please disable it first")
    domain_removal.run(tx, [domain_id])
    project_rows_store.delete(tx, [domain_id])
