"""The identity data of a new cloud: a domain, two projects, three users, roles, a region, the catalogue."""

from collections.abc import Callable, Mapping

from kumoi.kernel.database import Transaction
from kumoi.kernel.routes import declared
from kumoi.kernel.settings import Settings
from kumoi.services.identity.assignments import store as assignment_store
from kumoi.services.identity.assignments.models import SYSTEM
from kumoi.services.identity.catalog import store as catalog_store
from kumoi.services.identity.catalog.models import BASE_URL
from kumoi.services.identity.catalog.models import endpoints as endpoints_table
from kumoi.services.identity.catalog.models import regions as regions_table
from kumoi.services.identity.catalog.models import services as services_table
from kumoi.services.identity.project_rows import store as project_store
from kumoi.services.identity.project_rows.models import NO_DOMAIN
from kumoi.services.identity.roles import store as role_store
from kumoi.services.identity.roles.models import NO_DOMAIN as EVERYWHERE
from kumoi.services.identity.users import store as user_store

ORDER = 10
DOMAIN = "default"
ROLES = ("admin", "manager", "member", "reader", "service")
IMPLIED = (("admin", "manager"), ("manager", "member"), ("member", "reader"))
INTERFACES = ("public", "internal", "admin")
HOMES = {"admin": "admin", "demo": "demo", "reader": "demo"}
"""User → default project."""
HELD = {
    "admin": (("admin", "project", "admin"), ("admin", "system", SYSTEM), ("admin", "domain", DOMAIN)),
    "demo": (("member", "project", "demo"),),
    "reader": (("reader", "project", "demo"),),
}
"""User → (role, kind of target, project's name or target's id)."""


Hashes = Mapping[str, Callable[[], str]]
"""User (admin, demo, reader) → function that computes the password hash. Called only for users that are created."""


def bootstrap(tx: Transaction, settings: Settings, password_hashes: Hashes) -> None:
    """Idempotent. Does not undo later changes."""
    _domain(tx)
    roles = _roles(tx)
    projects = {name: _project(tx, name) for name in ("admin", "demo")}
    for user, home in HOMES.items():
        user_id = _new_user(tx, user, projects[home], password_hashes)
        for role, kind, target in HELD[user] if user_id else ():
            assignment_store.insert(
                tx,
                {
                    "actor_kind": "user", "actor_id": user_id, "target_kind": kind,
                    "target_id": projects[target] if kind == "project" else target,
                    "role_id": roles[role], "inherited": False,
                },
            )  # fmt: skip
    _region(tx, settings.region)
    _catalog(tx, settings.region)


def _domain(tx: Transaction) -> None:
    if project_store.find(tx, DOMAIN) is None:
        project_store.insert(
            tx, id=DOMAIN, name="Default", domain_id=NO_DOMAIN, parent_id=None, is_domain=True,
            description="The default domain", enabled=True, options={}, extra={},
        )  # fmt: skip


def _project(tx: Transaction, name: str) -> str:
    row = project_store.named(tx, name, DOMAIN)
    if row is not None:
        return str(row["id"])
    id = tx.new_hex()
    project_store.insert(
        tx, id=id, name=name, domain_id=DOMAIN, parent_id=DOMAIN, is_domain=False, description="", enabled=True,
        options={}, extra={},
    )  # fmt: skip
    return id


def _new_user(tx: Transaction, name: str, project_id: str, password_hashes: Hashes) -> str | None:
    """The id of the new user; None if the user exists, or there is no password for it."""
    if name not in password_hashes or user_store.named(tx, name, DOMAIN) is not None:
        return None
    id = tx.new_hex()
    # A new cloud has no other writer that would have to wait for the slow hash.
    password_hash = password_hashes[name]()
    user_store.insert(
        tx, id=id, name=name, domain_id=DOMAIN, password_hash=password_hash, default_project_id=project_id,
        enabled=True, options={}, extra={},
    )  # fmt: skip
    return id


def _roles(tx: Transaction) -> dict[str, str]:
    """Name → id. Implied roles are added only to roles created here, so that an admin can remove them permanently."""
    found: dict[str, str] = {}
    new: set[str] = set()
    for name in ROLES:
        row = role_store.named(tx, name, EVERYWHERE)
        found[name] = str(row["id"]) if row is not None else tx.new_hex()
        if row is None:
            new.add(name)
            role_store.insert(
                tx, id=found[name], name=name, domain_id=EVERYWHERE, description=None, options={"immutable": True},
                extra={},
            )  # fmt: skip
    for prior, implied in IMPLIED:
        if prior in new or implied in new:
            role_store.imply(tx, found[prior], found[implied])
    return found


def _region(tx: Transaction, region: str) -> None:
    if catalog_store.find(tx, regions_table, region) is None:
        catalog_store.insert(tx, regions_table, id=region, parent_region_id=None, description="", extra={})


def _catalog(tx: Transaction, region: str) -> None:
    """Adds declared services that the catalogue lacks, for example after an upgrade."""
    for service in sorted(declared.values(), key=lambda service: service.type):
        if not service.catalog_type:
            continue
        for kind in (service.catalog_type, *service.catalog_also):
            if catalog_store.of_type(tx, kind) is not None:
                continue
            id = tx.new_hex()
            name = service.catalog_names.get(kind, service.name)
            catalog_store.insert(
                tx, services_table, id=id, type=kind, name=name, description="", enabled=True, extra={}
            )
            path = service.catalog_paths.get(kind, service.catalog_path)
            url = BASE_URL + path.replace("{project_id}", "$(project_id)s")
            for interface in INTERFACES:
                catalog_store.insert(
                    tx, endpoints_table, id=tx.new_hex(), service_id=id, interface=interface, region_id=region, url=url,
                    enabled=True, extra={},
                )  # fmt: skip
