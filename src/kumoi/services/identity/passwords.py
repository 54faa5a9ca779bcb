"""Passwords: slow to hash, quick to check again for some minutes after a success."""

import base64
import hashlib
import hmac
import threading

import bcrypt

from kumoi.kernel import clock, randomness
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.lanes import Lane

REMEMBERED_SECONDS = 300
MOST_REMEMBERED = 10_000
WAITING = 15
"""How many hashes may wait for the current one, in each process."""
ASKING = 48
"""How many more may wait for a second before they are refused."""
LANE = Lane("password hashes", WAITING, ASKING)

_key = b""
_successes: dict[bytes, float] = {}
_lock = threading.Lock()


def check(password: str, shortest: int) -> None:
    """BadRequest for a new password that is too short."""
    if len(password) < shortest:
        raise BadRequest(
            f"The password does not match the requirements: user.password must have at least {shortest} characters."
        )


def wait_for_room(claim: object) -> None:
    """To be called before a login reads anything: Unavailable if the lane has no room. A claim (what the client says of
    itself, with its secret) that was right some minutes ago needs no room."""
    said = _of_claim(claim)
    with _lock:
        until = _successes.get(said, 0.0)
    if until <= clock.monotonic():
        LANE.wait_for_room()


def remember_success(claim: object) -> None:
    """So that the claim needs no room for some minutes."""
    _remember(_of_claim(claim))


def new_hash(password: str, rounds: int) -> str:
    """As `hashed`, in the lane: for requests. Unavailable when too many wait."""
    return LANE.run(lambda: hashed(password, rounds))


def hashed(password: str, rounds: int) -> str:
    """bcrypt over SHA-256, so that every byte of a long password counts. Takes time of 2^rounds; call it outside
    transactions."""
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(rounds)).decode()


def matches(password: str, password_hash: str | None, rounds: int) -> bool:
    """Whether the password is correct. Without a hash (unknown user) it is False after the same time. Call it outside
    transactions. Hashes that are not cached are computed in the lane; Unavailable if too many wait."""
    if password_hash is None:
        return LANE.run(lambda: fits(password, None, rounds))
    success = _success(password, password_hash)
    with _lock:
        until = _successes.get(success, 0.0)
    if until > clock.monotonic():
        return True
    right = LANE.run(lambda: fits(password, password_hash, rounds))
    if right:
        _remember(success)
    return right


def fits(password: str, password_hash: str | None, rounds: int) -> bool:
    """The slow part of `matches`."""
    if password_hash is None:
        hashed(password, rounds)
        return False
    try:
        return bcrypt.checkpw(_digest(password), password_hash.encode())
    except ValueError:
        return False


def _digest(password: str) -> bytes:
    return base64.b64encode(hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest())


def _success(password: str, password_hash: str) -> bytes:
    """A keyed digest of password and hash. A changed password has another hash, so nothing remembered applies to it."""
    return _keyed(password_hash.encode() + b"\0" + password.encode("utf-8", "surrogatepass"))


def _of_claim(claim: object) -> bytes:
    return _keyed(b"claim\0" + repr(claim).encode())


def _keyed(said: bytes) -> bytes:
    global _key
    with _lock:
        _key = _key or randomness.random_bytes(32)
    return hmac.digest(_key, said, "sha256")


def _remember(success: bytes) -> None:
    with _lock:
        while len(_successes) >= MOST_REMEMBERED:
            del _successes[next(iter(_successes))]
        _successes[success] = clock.monotonic() + REMEMBERED_SECONDS
