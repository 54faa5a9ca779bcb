"""A process's cache of tokens. An entry is valid while its epoch is unchanged."""

import threading
from typing import Generic, TypeVar

V = TypeVar("V")


class Memory(Generic[V]):
    """Key → value of one epoch; the oldest go first when it is full. Safe for threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[tuple[object, ...], tuple[int, V]] = {}

    def get(self, key: tuple[object, ...], epoch: int) -> V | None:
        """None if the key is unknown or its entry is from another epoch."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] == epoch else None

    def put(self, key: tuple[object, ...], epoch: int, value: V) -> None:
        with self._lock:
            self._kept.pop(key, None)
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (epoch, value)
