"""What other services may call in identity."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import Unauthorized
from kumoi.kernel.http import Authenticator
from kumoi.kernel.tokens import Keys
from kumoi.services.identity import passwords
from kumoi.services.identity.catalog.rendering import catalog
from kumoi.services.identity.credentials import signers
from kumoi.services.identity.credentials.signers import Signer as Signer
from kumoi.services.identity.credentials.signing import signing_key as signing_key
from kumoi.services.identity.errors import Absent
from kumoi.services.identity.project_rows import store as project_store
from kumoi.services.identity.tokens import authenticator as token_authenticator
from kumoi.services.identity.tokens import standing as token_standing
from kumoi.services.identity.tokens.authenticator import Checker
from kumoi.services.identity.users import store as user_store


@dataclass(frozen=True)
class ProjectRef:
    """A project as other services know it."""

    id: str
    name: str
    domain_id: str
    enabled: bool


def authenticator(keys_folder: Path) -> Authenticator:
    """Checks tokens: signature, expiry, revocation, enabled user and scope, current roles. One per process. Its cache
    is invalid as soon as any process changes identity. `keys_folder` contains `tokens`."""
    return Checker(Keys.load(keys_folder))


def revoke_token(database: Database, keys: Keys, token: str) -> None:
    """Revoke a token and every token made from it. Does nothing if it is not valid any more."""
    check = token_authenticator.of(database, keys)
    try:
        standing = database.read(lambda tx: check.standing(tx, token))
    except Unauthorized:
        return
    database.write(lambda tx: token_standing.revoke(tx, standing))


def find_signer(database: Database, keys: Keys, access: str) -> Signer | None:
    """The user and the secret of an EC2 access key; None if it may not sign. Each call sees the latest change."""
    return signers.find(database, keys, access)


def endpoint(tx: Transaction, service_type: str, region: str, interface: str, base_url: str) -> str | None:
    """The URL of a service in the catalogue; None if there is none that needs no project."""
    found = [
        each["url"]
        for service in catalog(tx, base_url, None, "")
        if service["type"] == service_type
        for each in service["endpoints"]
        if (each["region_id"], each["interface"]) == (region, interface)
    ]
    return next(iter(found), None)


def project_exists(tx: Transaction, project_id: str) -> bool:
    """Whether a project or domain has this id, enabled or not."""
    return project_store.find(tx, project_id) is not None


def find_project(tx: Transaction, name: str, domain_id: str = "default") -> ProjectRef | None:
    row = project_store.named(tx, name, domain_id)
    return None if row is None else ProjectRef(row["id"], row["name"], row["domain_id"], row["enabled"])


def projects_by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, ProjectRef]:
    """Those that exist, by id."""
    return {
        id: ProjectRef(id, row["name"], row["domain_id"], row["enabled"])
        for id, row in project_store.by_ids(tx, ids).items()
    }


def user_names(tx: Transaction, ids: Iterable[str]) -> dict[str, str]:
    """User id → name, of those that exist."""
    return {id: row["name"] for id, row in user_store.by_ids(tx, ids).items()}


def hash_password(password: str, rounds: int) -> str:
    """For reset_password. Slow, so call it outside any transaction. `rounds`: settings.password_rounds."""
    return passwords.hashed(password, rounds)


def reset_password(tx: Transaction, user_name: str, password_hash: str, domain_id: str = "default") -> None:
    """Set a user's password, enable the user, and revoke the user's tokens. NotFound if there is no such user."""
    row = user_store.named(tx, user_name, domain_id)
    if row is None:
        raise Absent("user", user_name)
    user_store.set_password(tx, row["id"], password_hash)
    user_store.update(tx, row["id"], {"enabled": True})
