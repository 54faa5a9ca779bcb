"""The errors of flavors."""

from kumoi.kernel.errors import BadRequest, Conflict, NotFound


class FlavorNotFound(NotFound):
    def __init__(self, flavorid: str) -> None:
        super().__init__(f"Flavor {flavorid[:255]} could not be found.")


class FlavorNameTaken(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"Flavor with name {name} already exists.")


class FlavorIdTaken(Conflict):
    def __init__(self, flavorid: str) -> None:
        super().__init__(f"Flavor with ID {flavorid} already exists.")


class InvalidFlavor(BadRequest):
    pass


class PublicFlavor(Conflict):
    """A public flavor has no access list to change."""


class NoAccessList(NotFound):
    def __init__(self) -> None:
        super().__init__("Access list not available for public flavors.")


class AccessExists(Conflict):
    def __init__(self, flavorid: str, project_id: str) -> None:
        super().__init__(f"Flavor access already exists for flavor {flavorid} and project {project_id} combination.")


class AccessNotFound(NotFound):
    def __init__(self, flavorid: str, project_id: str) -> None:
        super().__init__(f"Flavor access not found for {flavorid} / {project_id} combination.")


class ExtraSpecNotFound(NotFound):
    def __init__(self, flavorid: str, key: str) -> None:
        super().__init__(f"Flavor {flavorid} has no extra specs with key {key}.")
