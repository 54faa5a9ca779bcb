"""Checks who may get which token, and who may read or revoke one."""

import base64
from dataclasses import dataclass, field
from typing import Any

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Unauthorized
from kumoi.kernel.tokens import Payload
from kumoi.kernel.who import Who
from kumoi.services.identity import names, policy
from kumoi.services.identity.application_credentials.models import ApplicationCredentialRow
from kumoi.services.identity.assignments import effective
from kumoi.services.identity.catalog import rendering
from kumoi.services.identity.errors import Invalid, NotAllowed, Refused
from kumoi.services.identity.logins import logic as logins
from kumoi.services.identity.project_rows import store as project_store
from kumoi.services.identity.project_rows.models import ProjectRow
from kumoi.services.identity.tokens import schemas, store
from kumoi.services.identity.tokens.authenticator import Checker
from kumoi.services.identity.tokens.errors import NotExchangeable
from kumoi.services.identity.tokens.models import TokenScope, TokenUser
from kumoi.services.identity.tokens.standing import Standing, stand, usable
from kumoi.services.identity.tokens.standing import revoke as revoke

TOKEN_SECONDS = 3600
LONGEST_CHAIN = 32
"""How often a token may be exchanged for another. Each carries the audit ids of all before it."""


@dataclass
class Claim:
    """What a login claims, before its secrets are checked. `secrets`: (given, hash or None); all must match.
    `accounts`: the owners of the secrets, for counting failures."""

    user: TokenUser | None = None
    methods: list[str] = field(default_factory=list)
    secrets: list[tuple[str, str | None]] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    parent: Payload | None = None
    application_credential: ApplicationCredentialRow | None = None
    contradicts: bool = False

    def says(self, user: TokenUser | None) -> None:
        """An authentication method identifies this user. Several methods must agree."""
        if user is None or (self.user is not None and self.user["id"] != user["id"]):
            self.contradicts = True
        else:
            self.user = user


def claim(tx: Transaction, identity: schemas.Identity, checker: Checker) -> Claim:
    """Unknown users get the hash None, so that their logins take equally long."""
    found = Claim(methods=list(dict.fromkeys(identity.methods)))
    if not found.methods:
        raise Invalid("auth.identity.methods", "at least one is needed")
    for method in found.methods:
        if method not in ("password", "token", "application_credential"):
            raise Unauthorized("Attempted to authenticate with an unsupported method.")
        if getattr(identity, method) is None:
            raise Invalid(f"auth.identity.{method}", f"it is needed for the method {method}")
    if identity.password is not None and "password" in found.methods:
        _claim_password(tx, found, identity.password.user)
    if identity.token is not None and "token" in found.methods:
        standing = checker.standing(tx, identity.token.id)
        found.says(standing.user)
        found.parent = standing.payload
        found.application_credential = standing.application_credential
    if identity.application_credential is not None and "application_credential" in found.methods:
        _claim_application_credential(tx, found, identity.application_credential)
    return found


def _claim_password(tx: Transaction, found: Claim, said: schemas.UserPassword) -> None:
    user = _named_user(tx, said, "auth.identity.password.user")
    found.says(user)
    password_hash = store.password_hash(tx, user["id"]) if user is not None and usable(user) else None
    found.accounts.append(user["id"] if user is not None else _unknown_account(said))
    found.secrets.append((said.password, password_hash))


def _claim_application_credential(tx: Transaction, found: Claim, said: schemas.ApplicationCredentialMethod) -> None:
    place = "auth.identity.application_credential"
    if said.id is not None:
        credential = store.application_credential(tx, said.id)
    elif said.name is not None and said.user is not None:
        user = _named_user(tx, said.user, f"{place}.user")
        credential = store.application_credential_named(tx, user["id"], said.name) if user is not None else None
    else:
        raise Invalid(place, "id, or name and user, must be given")
    found.accounts.append(credential["id"] if credential is not None else _unknown_account(said))
    ended = credential is not None and (credential["expires_at"] or tx.now + 1) <= tx.now
    found.says(store.user(tx, credential["user_id"]) if credential is not None and not ended else None)
    found.secrets.append((said.secret, credential["secret_hash"] if credential is not None and not ended else None))
    found.application_credential = credential


def _unknown_account(said: schemas.UserPassword | schemas.ApplicationCredentialMethod) -> str:
    """The account for an unknown user."""
    user = said.user if isinstance(said, schemas.ApplicationCredentialMethod) else said
    domain = user.domain if user is not None else None
    texts = [said.name, *((user.name,) if user is not None else ()), *((domain.name,) if domain is not None else ())]
    ids = [said.id, *((user.id,) if user is not None else ()), *((domain.id,) if domain is not None else ())]
    return logins.account(*ids, *(names.folded(text or "") for text in texts))


def _named_user(tx: Transaction, said: schemas.UserName, place: str) -> TokenUser | None:
    if said.id is not None:
        return store.user(tx, said.id)
    if said.name is None or said.domain is None or (said.domain.id is None and said.domain.name is None):
        raise Invalid(place, "id, or name and domain, must be given")
    return store.user_named(tx, said.name, store.domain_is(id=said.domain.id, name=said.domain.name))


def issue(tx: Transaction, proven: Claim, scope: schemas.Scope | str | None) -> Standing:
    """The standing of the new token. Refused if the user has no role in the requested scope. Without a requested scope,
    the user's default project is tried."""
    user = proven.user
    assert user is not None
    _check_rules(user, proven)
    if proven.application_credential is not None:
        return _issue_limited(tx, proven, scope)
    if isinstance(scope, str):
        if scope != "unscoped":
            raise Invalid("auth.scope", "it is an object or `unscoped`")
        return stand(tx, _payload(tx, proven))
    if scope is None or scope == schemas.Scope():
        default = user["default_project_id"]
        row = store.scope(tx, default) if default else None
        if row is not None:
            try:
                return stand(tx, _payload(tx, proven, project=row))
            except Refused:
                pass
        return stand(tx, _payload(tx, proven))
    return stand(tx, _payload(tx, proven, **_scope(tx, scope)))


def _issue_limited(tx: Transaction, proven: Claim, scope: schemas.Scope | str | None) -> Standing:
    """A token of an application credential, or made from one, stays in its project."""
    credential = proven.application_credential
    assert credential is not None
    if scope is not None and scope != schemas.Scope():
        asked = {} if isinstance(scope, str) else _scope(tx, scope)
        if proven.parent is None or (asked.get("project") or {}).get("id") != credential["project_id"]:
            raise Unauthorized("Application credentials cannot request a scope.")
    row = store.scope(tx, credential["project_id"])
    if row is None:
        raise Refused
    return stand(tx, _payload(tx, proven, project=row))


def _check_rules(user: TokenUser, proven: Claim) -> None:
    """Check the user's own rules for combinations of methods."""
    rules = user["options"].get("multi_factor_auth_rules") or []
    if not rules or not user["options"].get("multi_factor_auth_enabled"):
        return
    used = {*proven.methods, *(proven.parent.methods if proven.parent else ())}
    if not any(set(rule) <= used for rule in rules):
        raise Refused


def _scope(tx: Transaction, scope: schemas.Scope) -> dict[str, Any]:
    """Keyword arguments for _payload."""
    given = [name for name in ("project", "domain", "system", "unscoped", "trust") if getattr(scope, name) is not None]
    if len(given) != 1:
        raise Invalid("auth.scope", "exactly one of project, domain and system may be given")
    if scope.unscoped is not None:
        return {}
    if scope.project is not None:
        return {"project": _found(_named_project(tx, scope.project))}
    if scope.domain is not None:
        return {"domain": _found(_named_domain(tx, scope.domain))}
    if scope.system is not None:
        if not scope.system.all:
            raise Invalid("auth.scope.system.all", "it must be true")
        return {"system": True}
    raise Unauthorized("Trusts are not supported.")


def _found(row: TokenScope | None) -> TokenScope:
    if row is None:
        raise Refused
    return row


def _named_project(tx: Transaction, said: schemas.ProjectName) -> TokenScope | None:
    if said.id is not None:
        return store.scope(tx, said.id)
    if said.name is None or said.domain is None or (said.domain.id is None and said.domain.name is None):
        raise Invalid("auth.scope.project", "id, or name and domain, must be given")
    return store.project_named(tx, said.name, store.domain_is(id=said.domain.id, name=said.domain.name))


def _named_domain(tx: Transaction, said: schemas.DomainName) -> TokenScope | None:
    if said.id is not None:
        return store.scope(tx, said.id)
    if said.name is None:
        raise Invalid("auth.scope.domain", "id or name must be given")
    return store.domain_named(tx, said.name)


def _payload(
    tx: Transaction,
    proven: Claim,
    project: TokenScope | None = None,
    domain: TokenScope | None = None,
    system: bool = False,
) -> Payload:
    user, parent, credential = proven.user, proven.parent, proven.application_credential
    assert user is not None
    if parent is not None and len(parent.audit_ids) >= LONGEST_CHAIN:
        raise NotExchangeable("the token has been exchanged too often; log in again")
    audit_id = base64.urlsafe_b64encode(tx.random_bytes(16)).decode().rstrip("=")
    expires_at = parent.expires_at if parent is not None else tx.now + TOKEN_SECONDS * SECOND
    if credential is not None and credential["expires_at"] is not None:
        expires_at = min(expires_at, credential["expires_at"])
    scope = project or domain
    return Payload(
        user_id=user["id"],
        methods=tuple(dict.fromkeys([*proven.methods, *(parent.methods if parent else ())])),
        issued_at=tx.now,
        expires_at=expires_at,
        audit_ids=(audit_id, *(parent.audit_ids if parent else ())),
        project_id=project["id"] if project else None,
        domain_id=domain["id"] if domain else None,
        system=system,
        application_credential_id=credential["id"] if credential else None,
        user_generation=user["generation"],
        scope_generation=scope["generation"] if scope else 0,
    )


def describe(tx: Transaction, standing: Standing, base_url: str, with_catalog: bool) -> dict[str, Any]:
    """The body of a token; an unscoped one has no catalogue."""
    payload = standing.payload
    scoped = payload.project_id or payload.domain_id or payload.system
    catalog = None
    if with_catalog and scoped:
        catalog = rendering.catalog(tx, base_url, payload.project_id, payload.user_id)
    return schemas.token(standing, catalog)


def check_may_see(who: Who, standing: Standing) -> None:
    """Allowed for the token's own user, an admin, a system reader, or a service."""
    if who.user_id != standing.payload.user_id and not policy.reads_all(who) and "service" not in who.roles:
        raise NotAllowed("validate_token")


def check_may_revoke(who: Who, standing: Standing) -> None:
    if who.user_id != standing.payload.user_id and not policy.is_admin(who):
        raise NotAllowed("revoke_token")


def projects(tx: Transaction, who: Who) -> list[ProjectRow]:
    """The projects for which the caller can get a token."""
    ids = effective.project_ids(tx, who.user_id)
    if who.application_credential_id:
        ids &= {who.project_id or ""}
    return _full(tx, ids)


def _full(tx: Transaction, ids: set[str]) -> list[ProjectRow]:
    """The whole rows of those that are enabled, by name."""
    usable_ids = [row["id"] for row in store.scopes(tx, ids) if usable(row)]
    rows = project_store.by_ids(tx, usable_ids)
    return [rows[id] for id in usable_ids]


def domains(tx: Transaction, who: Who) -> list[ProjectRow]:
    if who.application_credential_id:
        return []
    return _full(tx, effective.domain_ids(tx, who.user_id))


def has_system(tx: Transaction, who: Who) -> bool:
    return not who.application_credential_id and effective.has_system(tx, who.user_id)
