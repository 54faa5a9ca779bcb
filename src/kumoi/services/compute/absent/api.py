"""Routes of absent resources: their lists are empty, and creating one is refused."""

from typing import Any

import msgspec

from kumoi.kernel import policy
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


for _path, _name, _allowed in (
    ("/os-migrations", "migrations", policy.admin()),
):  # fmt: skip
    _empty(_path, _name, _allowed)
