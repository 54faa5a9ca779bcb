"""The current meaning of a token: its user, its scope and the roles there. Read again after every change of the
epoch."""

from dataclasses import dataclass

from kumoi.kernel.clock import SECOND
from kumoi.kernel.database import Transaction
from kumoi.kernel.tokens import Payload
from kumoi.kernel.who import Who
from kumoi.services.identity.application_credentials.models import ApplicationCredentialRow
from kumoi.services.identity.assignments import effective
from kumoi.services.identity.assignments.models import SYSTEM
from kumoi.services.identity.errors import Refused
from kumoi.services.identity.tokens import store
from kumoi.services.identity.tokens.models import TokenScope, TokenUser

LATE_SECONDS = 48 * 3600
"""How long after its expiry a token is still shown to callers who use allow_expired."""


@dataclass(frozen=True)
class Standing:
    """`user` and `scope` (a project or a domain) are rows with `domain_name`; `roles` are {id, name}."""

    payload: Payload
    user: TokenUser
    scope: TokenScope | None
    roles: list[dict[str, str]]
    application_credential: ApplicationCredentialRow | None

    def who(self) -> Who:
        payload = self.payload
        project = self.scope if payload.project_id else None
        return Who(
            user_id=payload.user_id,
            user_name=self.user["name"],
            user_domain_id=self.user["domain_id"],
            project_id=payload.project_id,
            project_name=project["name"] if project else None,
            project_domain_id=(project["domain_id"] or project["id"]) if project else None,
            domain_id=payload.domain_id,
            system=payload.system,
            roles=frozenset(role["name"] for role in self.roles),
            audit_id=payload.audit_ids[0],
            methods=payload.methods,
            issued_at=payload.issued_at,
            expires_at=payload.expires_at,
            application_credential_id=payload.application_credential_id,
        )


def check_time(payload: Payload, now: int, late: bool = False) -> None:
    """Refused when the token has ended; `late`: up to LATE_SECONDS ago will do."""
    if payload.expires_at + (LATE_SECONDS * SECOND if late else 0) <= now:
        raise Refused


def stand(tx: Transaction, payload: Payload) -> Standing:
    """Refused if it was revoked, or its user, scope or last role is deleted or disabled. Does not check the expiry."""
    user = store.user(tx, payload.user_id)
    if user is None or not usable(user) or user["generation"] != payload.user_generation:
        raise Refused
    if store.revoked(tx, payload.audit_ids):
        raise Refused
    scope, roles, credential = None, [], None
    scope_id = payload.project_id or payload.domain_id
    if scope_id:
        scope = store.scope(tx, scope_id)
        if scope is None or not usable(scope) or scope["generation"] != payload.scope_generation:
            raise Refused
        if payload.domain_id and not scope["is_domain"]:
            raise Refused
        only = None
        if payload.application_credential_id:
            credential = store.application_credential(tx, payload.application_credential_id)
            if credential is None or credential["user_id"] != payload.user_id:
                raise Refused
            only = store.application_credential_role_ids(tx, credential["id"])
        kind = "domain" if payload.domain_id else "project"
        roles = effective.roles(tx, payload.user_id, kind, scope_id, only)
    elif payload.system:
        roles = effective.roles(tx, payload.user_id, "system", SYSTEM)
    if not roles and (scope_id or payload.system):
        raise Refused
    return Standing(payload, user, scope, roles, credential)


def revoke(tx: Transaction, standing: Standing) -> None:
    """Revoke the token and every token made from it."""
    payload = standing.payload
    store.revoke(tx, payload.audit_ids[0], payload.expires_at, tx.now - LATE_SECONDS * SECOND)


def usable(row: TokenUser | TokenScope) -> bool:
    """Whether a user or scope, and its domain, are enabled."""
    return row["enabled"] and row["domain_enabled"] is not False
