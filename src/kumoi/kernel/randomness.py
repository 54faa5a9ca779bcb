"""The only source of randomness and of new ids."""

import os
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Source(Protocol):
    def bytes(self, count: int) -> bytes: ...


class SystemSource:
    def bytes(self, count: int) -> bytes:
        return os.urandom(count)


class SeededSource:
    """Deterministic, for tests and simulation. Never for secrets."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def bytes(self, count: int) -> bytes:
        return self.random.randbytes(count)


_source: Source = SystemSource()


@contextmanager
def using(source: Source) -> Iterator[None]:
    """Every reader of randomness in this process sees `source` inside the block."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def random_bytes(count: int) -> bytes:
    return _source.bytes(count)


def new_uuid() -> str:
    """A random UUID with dashes: ids of compute, network, image and block storage."""
    return str(uuid.UUID(bytes=_source.bytes(16), version=4))


def new_hex() -> str:
    """A random UUID without dashes: ids of identity."""
    return uuid.UUID(bytes=_source.bytes(16), version=4).hex


def new_secret(count: int = 32) -> str:
    """A hexadecimal secret of `count` random bytes."""
    return _source.bytes(count).hex()


def below(limit: int) -> int:
    """An integer in [0, limit)."""
    return int.from_bytes(_source.bytes(8), "big") % limit
