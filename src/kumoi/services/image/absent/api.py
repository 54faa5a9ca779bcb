"""Routes of tasks: their list is empty, and creating one is refused."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import NotBuilt
from kumoi.kernel.http import Request
from kumoi.kernel.policy import Policy
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under

routes = Routes()


class Missing(msgspec.Struct):
    """An entry of an empty list."""


def _none(path: str, name: str, allowed: Policy, schema: str) -> None:
    @routes.get(
        path, policy=allowed, query=Nothing, mode="live", reply=under(name, list[Missing], first=str, schema=str)
    )
    def none(request: Request) -> dict[str, Any]:
        return {name: [], "first": path, "schema": schema}

    @routes.post(path, policy=policy.admin(), mode="read", status=501)
    def create(request: Request) -> None:
        raise NotBuilt(f"{name} are not built yet; docs/image.md lists what is.")


_none("/v2/tasks", "tasks", policy.admin(), "/v2/schemas/tasks")
