"""Placement's error shape, from the API guidelines: {"errors": [{status, title, detail, code, request_id}]}."""

from typing import Any

from kumoi.kernel import log
from kumoi.kernel.errors import ApiError, BadRequest, Conflict, NotFound

ROOT = "/placement"
"""Paths below it use this error shape, also for errors of the front."""

CONCURRENT_UPDATE = "placement.concurrent_update"
INVENTORY_IN_USE = "placement.inventory.inuse"
PROVIDER_IN_USE = "placement.resource_provider.inuse"
CANNOT_DELETE_PARENT = "placement.resource_provider.cannot_delete_parent"
DUPLICATE_NAME = "placement.duplicate_name"
NO_RESOURCE_CLASS = "placement.undefined_code"
UNDEFINED = "placement.undefined_code"
QUERY_DUPLICATE_KEY = "placement.query.duplicate_key"
QUERY_BAD_VALUE = "placement.query.bad_value"
QUERY_MISSING_VALUE = "placement.query.missing_value"


def render(error: ApiError) -> dict[str, Any]:
    return {
        "errors": [
            {
                "status": error.status,
                "title": error.title,
                "detail": error.message,
                "request_id": log.request_id.get(),
                "code": getattr(error, "code", UNDEFINED),
            }
        ]
    }


class ConcurrentUpdate(Conflict):
    """A generation that the caller names is not the current one."""

    code = CONCURRENT_UPDATE


class NoRoom(Conflict):
    """The amount does not fit on the provider. The text has the figures."""

    def __init__(self, message: str, provider_id: str, resource_class: str, amount: int) -> None:
        super().__init__(message)
        self.provider_id, self.resource_class, self.amount = provider_id, resource_class, amount


class InventoryInUse(Conflict):
    code = INVENTORY_IN_USE


class ProviderInUse(Conflict):
    code = PROVIDER_IN_USE


class ProviderHasChildren(Conflict):
    code = CANNOT_DELETE_PARENT


class DuplicateName(Conflict):
    code = DUPLICATE_NAME


class ProviderNotFound(NotFound):
    def __init__(self, provider_id: str) -> None:
        super().__init__(f"No resource provider with uuid {provider_id} found")
        self.provider_id = provider_id


class BadQuery(BadRequest):
    code = QUERY_BAD_VALUE


class DuplicateQuery(BadRequest):
    code = QUERY_DUPLICATE_KEY
