"""Removing rows together with what depends on them, without knowing the dependents.

The resource has a `Removal` in its models.py and calls `check` and `run` before it deletes its own rows. Resources that
depend on it register functions in their own logic.py. A process that does not import every room must not remove rows:
see `forbid`.
"""

from collections.abc import Callable, Sequence

from kumoi.kernel.database import Transaction

Part = Callable[[Transaction, Sequence[str]], None]


_forbidden = False


def forbid() -> None:
    """This process may not remove rows from now on, because it does not know everything that depends on them."""
    global _forbidden
    _forbidden = True


class Removal:
    """Of one kind of rows. Functions get the ids that are to be removed, in the transaction that removes them."""

    def __init__(self) -> None:
        self._guards: list[Part] = []
        self._followers: list[Part] = []

    def guard(self, function: Part) -> Part:
        """Decorator. The function raises an error of the removed resource if a row is in use. It writes nothing."""
        self._guards.append(function)
        return function

    def follow(self, function: Part) -> Part:
        """Decorator. The function removes or releases what depends on the rows."""
        self._followers.append(function)
        return function

    def check(self, tx: Transaction, ids: Sequence[str]) -> None:
        """Refuse when a row is in use."""
        if _forbidden:
            raise RuntimeError("this process does not know everything that depends on the rows")
        for function in self._guards:
            function(tx, ids)

    def run(self, tx: Transaction, ids: Sequence[str]) -> None:
        """Refuse if a row is in use. Otherwise remove everything that depends on the rows. The caller deletes the
        rows."""
        self.check(tx, ids)
        for function in self._followers:
            function(tx, ids)
