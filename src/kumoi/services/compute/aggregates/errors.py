"""The errors of aggregates."""

from kumoi.kernel.errors import BadRequest, Conflict, NotFound


class AggregateNotFound(NotFound):
    def __init__(self, aggregate_id: str) -> None:
        super().__init__(f"Aggregate {aggregate_id[:255]} could not be found.")


class AggregateNameExists(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"Aggregate {name} already exists.")


class AggregateHostExists(Conflict):
    def __init__(self, number: int, host: str) -> None:
        super().__init__(f"Aggregate {number} already has host {host}.")


class AggregateHostNotFound(NotFound):
    def __init__(self, number: int, host: str) -> None:
        super().__init__(f"Aggregate {number} has no host {host[:255]}.")


class AggregateNotEmpty(BadRequest):
    def __init__(self, number: int) -> None:
        super().__init__(f"Cannot remove aggregate {number}. Reason: Host aggregate is not empty.")


class EmptyZone(BadRequest):
    def __init__(self, name: str) -> None:
        super().__init__(f"availability_zone: aggregate {name} cannot have an availability zone with an empty name.")


class ZonesConflict(Conflict):
    """A host is in one zone at most."""

    def __init__(self, host: str, zone: str) -> None:
        super().__init__(
            f"Host {host} is in the availability zone {zone}, and a host is in one availability zone only."
        )


class ZoneInUse(Conflict):
    """The change would move servers to another zone, which Nova refuses too."""

    def __init__(self, host: str, zone: str) -> None:
        super().__init__(f"Host {host} has servers, so it stays in the availability zone {zone}.")
