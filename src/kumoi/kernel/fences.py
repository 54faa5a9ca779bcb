"""Generations: how a host or OVN refuses the orders of a runner that has lost its lease."""

import msgspec


class Fence(msgspec.Struct, frozen=True):
    """Who gives the order: `subject` is `<kind>/<id>` (`server/1f0c…`), `generation` grows with every lease taken."""

    subject: str
    generation: int


class Stale(Exception):
    """The order came from a generation older than one already seen; nothing was changed."""

    def __init__(self, message: str, newest: Fence | None = None) -> None:
        """`newest`: what has been seen of the subject, where that is known."""
        super().__init__(message)
        self.newest = newest


class Busy(Exception):
    """An earlier order for the same thing is still being carried out; nothing was changed, ask again."""
