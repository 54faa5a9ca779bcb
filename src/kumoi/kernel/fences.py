"""Fencing tokens: a host or OVN uses them to refuse the orders of a runner that has lost its lease."""

import msgspec


class Fence(msgspec.Struct, frozen=True):
    """The fencing token of an order: `subject` is `<kind>/<id>` (`server/1f0c…`), `generation` grows with every lease."""

    subject: str
    generation: int


class Stale(Exception):
    """The order has an older generation than the receiver has seen; it changed nothing."""

    def __init__(self, message: str, newest: Fence | None = None) -> None:
        """`newest`: the newest generation that the receiver has seen, if it is known."""
        super().__init__(message)
        self.newest = newest


class Busy(Exception):
    """An earlier order for the same subject is still running. This one changed nothing; retry it."""
