"""Logs in, and checks the caller's own or another token. Reads in short transactions, and hashes outside them."""

import msgspec

from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import Unauthorized
from kumoi.kernel.http import Request
from kumoi.services.identity import passwords
from kumoi.services.identity.errors import Refused
from kumoi.services.identity.logins.live import Guard
from kumoi.services.identity.tokens import authenticator, logic, schemas
from kumoi.services.identity.tokens.authenticator import Checker
from kumoi.services.identity.tokens.errors import TokenNotFound
from kumoi.services.identity.tokens.standing import Standing


def checker(request: Request) -> Checker:
    return authenticator.of(request.database, request.keys)


def log_in(request: Request, auth: schemas.Auth, with_catalog: bool) -> tuple[str, bytes]:
    """The sealed token and its body. Nothing about the token is stored: its permissions are looked up at each use."""
    hashed = auth.identity.password or auth.identity.application_credential
    if hashed:
        passwords.wait_for_room(auth.identity)
    check = checker(request)
    guard = Guard(request)

    def begin(tx: Transaction) -> logic.Claim:
        claim = logic.claim(tx, auth.identity, check)
        guard.admit(tx, claim.accounts)
        return claim

    claim = request.database.read(begin)
    right = [passwords.matches(given, kept, request.settings.password_rounds) for given, kept in claim.secrets]
    if claim.contradicts or claim.user is None or not all(right):
        guard.failed()
        raise Refused
    guard.succeeded()
    if hashed:
        passwords.remember_success(auth.identity)

    def finish(tx: Transaction) -> tuple[str, bytes]:
        standing = logic.issue(tx, claim, auth.scope)
        body = logic.describe(tx, standing, request.base_url, with_catalog)
        return check.keys.seal(standing.payload), msgspec.json.encode(body)

    return request.database.read(finish)


def subject(request: Request) -> str:
    token = request.headers.get("x-subject-token")
    if not token:
        raise TokenNotFound("No token in the request.")
    return token


def described(request: Request, with_catalog: bool, late: bool) -> tuple[Standing, bytes]:
    """The subject token's content; TokenNotFound if it is not valid."""
    check, token, base_url = checker(request), subject(request), request.base_url

    def describe(tx: Transaction, standing: Standing) -> bytes:
        return msgspec.json.encode(logic.describe(tx, standing, base_url, with_catalog))

    try:
        return request.database.read(lambda tx: check.described(tx, token, (base_url, with_catalog), late, describe))
    except Unauthorized:
        raise TokenNotFound from None


def standing(request: Request) -> Standing:
    """The subject token's standing; TokenNotFound if it is not valid."""
    check, token = checker(request), subject(request)
    try:
        return request.database.read(lambda tx: check.standing(tx, token))
    except Unauthorized:
        raise TokenNotFound from None
