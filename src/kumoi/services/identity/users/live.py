"""A user's password: slow hashes, outside any transaction."""

from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.kernel.http import Request
from kumoi.services.identity import passwords
from kumoi.services.identity.errors import Refused
from kumoi.services.identity.logins.live import Guard
from kumoi.services.identity.users import logic, schemas
from kumoi.services.identity.users.models import UserRow


def hash_new(request: Request, body: schemas.CreateBody) -> str | None:
    """The hash of a new user's password; None without one."""
    logic.check_may_create(request.who, body.user.domain_id)
    return _hashed(request, body.user.password)


def update(request: Request, user_id: str, changes: dict[str, Any], extra: dict[str, Any]) -> UserRow:
    request.database.read(lambda tx: logic.check_may_update(tx, request.who, user_id))
    if "password" in changes:
        changes["password_hash"] = _hashed(request, changes.pop("password"))
    return request.database.write(lambda tx: logic.update(tx, request.who, user_id, dict(changes), extra))


def change_password(request: Request, user_id: str, original: str, password: str) -> None:
    """Refused if the original password is wrong or there is no such user. Both take the same time."""
    passwords.wait_for_room((user_id, original))
    guard = Guard(request)

    def begin(tx: Transaction) -> str | None:
        guard.admit(tx, [logic.account(tx, user_id)])
        return logic.own_password(tx, user_id)

    before = request.database.read(begin)
    if not passwords.matches(original, before, request.settings.password_rounds):
        guard.failed()
        raise Refused
    guard.succeeded()
    # Only a caller who knows the password gets a more specific error.
    request.database.read(lambda tx: logic.check_may_change_own_password(tx, user_id))
    after = _hashed(request, password)
    request.database.write(lambda tx: logic.change_password(tx, user_id, before, after))


def _hashed(request: Request, password: str | None) -> str | None:
    if password is None:
        return None
    passwords.check(password, request.settings.shortest_password)
    return passwords.new_hash(password, request.settings.password_rounds)
