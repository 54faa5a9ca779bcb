"""Effective assignments: after groups, inheritance and implied roles."""

from kumoi.kernel.database import Transaction
from kumoi.services.identity import policy
from kumoi.services.identity.assignments import store
from kumoi.services.identity.roles import store as role_store
from kumoi.services.identity.roles.implications import expanded
from kumoi.services.identity.roles.models import NO_DOMAIN


def roles(
    tx: Transaction, user_id: str, target_kind: str, target_id: str, only: set[str] | None = None
) -> list[dict[str, str]]:
    """{id, name} of the roles in a token of this user on this target, by name. `only`: at most these (an application
    credential's) and the roles that they imply. Roles of a domain count only through the roles that they imply."""
    implied = role_store.implied(tx)
    ids = expanded(store.role_ids(tx, user_id, target_kind, target_id), implied)
    if only is not None:
        ids &= expanded(only, implied)
    return [{"id": id, "name": name} for id, name in role_store.named_of_no_domain(tx, ids)]


def project_ids(tx: Transaction, user_id: str) -> set[str]:
    """Projects on which the user has a role, domains not among them."""
    found: set[str] = set()
    inherited_from: list[str] = []
    for row in store.targets_of_user(tx, user_id):
        if row["inherited"]:
            inherited_from.append(row["target_id"])
        elif row["target_kind"] == "project":
            found.add(row["target_id"])
    return found | store.below(tx, inherited_from) if inherited_from else found


def domain_ids(tx: Transaction, user_id: str) -> set[str]:
    """Domains on which the user has a role."""
    rows = store.targets_of_user(tx, user_id)
    return {row["target_id"] for row in rows if row["target_kind"] == "domain" and not row["inherited"]}


def has_system(tx: Transaction, user_id: str) -> bool:
    return any(row["target_kind"] == "system" for row in store.targets_of_user(tx, user_id))


ABOVE_DOMAINS = ("admin", "service")
"""Roles whose permissions exceed the holder's domain, on any target."""


@policy.above_domains
def is_above_domains(tx: Transaction, actor_kind: str, actor_id: str) -> bool:
    """Whether the user or group has a role on the system, or one of ABOVE_DOMAINS on anything."""
    held = store.held(tx, actor_kind, actor_id)
    if any(row["target_kind"] == "system" for row in held):
        return True
    ids = expanded({row["role_id"] for row in held}, role_store.implied(tx))
    rows = role_store.by_ids(tx, ids).values()
    return any(row["domain_id"] == NO_DOMAIN and row["name"] in ABOVE_DOMAINS for row in rows)
