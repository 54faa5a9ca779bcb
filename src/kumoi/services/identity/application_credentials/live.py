"""The secret of a new application credential. Its slow hash is computed outside any transaction."""

import base64
from dataclasses import dataclass

from kumoi.kernel import randomness
from kumoi.kernel.http import Request
from kumoi.services.identity import passwords
from kumoi.services.identity.application_credentials import logic, schemas


@dataclass(frozen=True)
class Secret:
    """`text` is shown once; `hash` is stored."""

    text: str
    hash: str


def new_secret(request: Request, user_id: str, body: schemas.CreateBody) -> Secret:
    """The client's own secret, or a new one."""
    wanted = body.application_credential
    request.database.read(lambda tx: logic.check_may_create(tx, request.who, user_id, wanted))
    text = wanted.secret or base64.urlsafe_b64encode(randomness.random_bytes(64)).decode().rstrip("=")
    return Secret(text, passwords.new_hash(text, request.settings.password_rounds))
