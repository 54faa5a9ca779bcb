"""Routes of absent resources: their lists are empty, and creating one is refused."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import NotBuilt, PolicyForbids
from kumoi.kernel.http import Request
from kumoi.kernel.policy import Policy
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import Span

routes = Routes()


class Missing(msgspec.Struct):
    """An entry of an empty list."""


def _empty(path: str, name: str, allowed: Policy, versions: Span | None = None) -> None:
    @routes.get(path, policy=allowed, query=Nothing, mode="live", versions=versions, reply=under(name, list[Missing]))
    def none(request: Request) -> dict[str, Any]:
        return {name: []}


def _refuse(path: str, what: str, allowed: Policy) -> None:
    @routes.post(path, policy=allowed, mode="read", status=501)
    def create(request: Request) -> None:
        raise NotBuilt(f"{what} are not built yet; docs/compute.md lists what is.")


for _path, _name, _allowed in (
    ("/os-aggregates", "aggregates", policy.admin()), ("/os-migrations", "migrations", policy.admin()),
    ("/os-server-groups", "server_groups", policy.reader()), ("/os-simple-tenant-usage", "tenant_usages", policy.admin()),
):  # fmt: skip
    _empty(_path, _name, _allowed)

_refuse("/os-aggregates", "Host aggregates", policy.admin())
_refuse("/os-server-groups", "Server groups", policy.member())


@routes.get(
    "/os-simple-tenant-usage/{project_id}", policy=policy.reader(), query=Nothing, mode="live",
    reply=under("tenant_usage", Missing),
)  # fmt: skip
def usage(request: Request, project_id: str) -> dict[str, Any]:
    """Usage is not recorded, so it is empty."""
    if not request.who.sees(project_id):
        raise PolicyForbids("os_compute_api:os-simple-tenant-usage:show")
    return {"tenant_usage": {}}
