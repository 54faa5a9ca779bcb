"""The errors of projects."""

from kumoi.kernel.errors import Forbidden


class NotPossible(Forbidden):
    """403: the request would break the tree of projects; `reason` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"You are not authorized to perform the requested action: {reason}.")
