"""Making an application credential: the slow hash of its secret lies outside any transaction."""

import base64
from typing import Any

from kumoi.kernel import randomness
from kumoi.kernel.http import Request
from kumoi.services.identity import passwords
from kumoi.services.identity.application_credentials import logic, schemas


def create(
    request: Request, user_id: str, wanted: schemas.ApplicationCredentialCreate
) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """The row, its roles, and the secret, which is kept as a hash only."""
    request.database.read(lambda tx: logic.check_may_create(tx, request.who, user_id, wanted))
    secret = wanted.secret or base64.urlsafe_b64encode(randomness.random_bytes(64)).decode().rstrip("=")
    secret_hash = passwords.hashed(secret, request.settings.password_rounds)
    row = request.database.write(lambda tx: logic.create(tx, request.who, user_id, wanted, secret_hash))
    roles = request.database.read(lambda tx: logic.roles(tx, [row["id"]]))
    return row, roles.get(row["id"], []), secret
