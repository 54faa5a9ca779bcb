"""Limits login attempts of one request, in transactions of its own before and after the slow hash."""

from collections.abc import Sequence

from kumoi.kernel.database import Transaction
from kumoi.kernel.http import Request
from kumoi.services.identity.logins import logic


class Guard:
    """Call `admit` before the secret is checked, then `failed` or `succeeded`."""

    def __init__(self, request: Request) -> None:
        self._database = request.database
        self._free = request.settings.login_failures
        # The front replaces this header, whatever the client sends.
        self._address = logic.source(request.headers.get("x-forwarded-for", ""))
        self._accounts: Sequence[str] = ()
        self._to_note = False

    def admit(self, tx: Transaction, accounts: Sequence[str]) -> None:
        """TooManyAttempts if the caller must wait first."""
        self._accounts = accounts
        self._to_note = logic.admit(tx, accounts, self._address, self._free)

    def failed(self) -> None:
        if self._free and self._accounts:
            self._database.write(lambda tx: logic.failed(tx, self._accounts, self._address), durable=False)

    def succeeded(self) -> None:
        if self._to_note:
            self._database.write(lambda tx: logic.succeeded(tx, self._accounts, self._address), durable=False)
