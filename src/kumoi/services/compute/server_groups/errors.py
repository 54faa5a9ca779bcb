"""The errors of server groups."""

from kumoi.kernel.errors import BadRequest, NotFound


class ServerGroupNotFound(NotFound):
    def __init__(self, group_id: str) -> None:
        super().__init__(f"Instance group {group_id[:255]} could not be found.")


class RulesNotSupported(BadRequest):
    def __init__(self) -> None:
        super().__init__("Only anti-affinity policy supports rules.")
