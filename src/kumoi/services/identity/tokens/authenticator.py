"""The check that every request of every service passes: a key, an epoch, and the tables where the epoch is new."""

import hashlib
import threading
import weakref
from collections.abc import Callable

from kumoi.kernel import clock, epochs
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.errors import Unauthorized
from kumoi.kernel.tokens import Keys
from kumoi.kernel.who import Who
from kumoi.services.identity.errors import Refused
from kumoi.services.identity.tokens.memory import Memory
from kumoi.services.identity.tokens.standing import Standing, check_time, stand

MOST_TOKENS = 10_000
MOST_BODIES = 2_000

Describe = Callable[[Transaction, Standing], bytes]

_of_database: "weakref.WeakKeyDictionary[Database, Checker]" = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class Checker:
    """Checks tokens; one per process. A change that another process commits has an effect on the next call, because
    each call reads the epoch."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._standings: Memory[tuple[Standing, Who]] = Memory(MOST_TOKENS)
        self._bodies: Memory[tuple[Standing, bytes]] = Memory(MOST_BODIES)

    def __call__(self, database: Database, token: str) -> Who:
        _of_database.setdefault(database, self)
        digest = _digest(token)
        kept = self._standings.get((digest,), epochs.latest(database, "identity"))
        if kept is None:
            kept = database.read(lambda tx: self._known(tx, epochs.current(tx, "identity"), digest, token, False))
        check_time(kept[0].payload, clock.now(), False)
        return kept[1]

    def standing(self, tx: Transaction, token: str, *, late: bool = False) -> Standing:
        """Unauthorized if the token is not valid. `late`: a recently expired token is accepted."""
        return self._known(tx, epochs.current(tx, "identity"), _digest(token), token, late)[0]

    def described(
        self, tx: Transaction, token: str, key: tuple[object, ...], late: bool, describe: Describe
    ) -> tuple[Standing, bytes]:
        """The token's standing and the result of `describe`, cached under `key` while the epoch is unchanged."""
        epoch, digest = epochs.current(tx, "identity"), _digest(token)
        standing = self._known(tx, epoch, digest, token, late)[0]
        place = (digest, *key)
        kept = self._bodies.get(place, epoch)
        if kept is None:
            kept = standing, describe(tx, standing)
            self._bodies.put(place, epoch, kept)
        return kept

    def _known(self, tx: Transaction, epoch: int, digest: bytes, token: str, late: bool) -> tuple[Standing, Who]:
        kept = self._standings.get((digest,), epoch)
        if kept is None:
            try:
                payload = self.keys.open(token)
            except Unauthorized:
                raise Refused from None
            check_time(payload, clock.now(), late)
            standing = stand(tx, payload)
            kept = standing, standing.who()
            self._standings.put((digest,), epoch, kept)
        check_time(kept[0].payload, clock.now(), late)
        return kept


def of(database: Database, keys: Keys) -> Checker:
    """This process's authenticator of the cloud."""
    known = _of_database.get(database)
    if known is None:
        with _lock:
            known = _of_database.setdefault(database, Checker(keys))
    return known


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
