"""Routes of usages."""

from typing import Annotated, Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.kernel.versions import during, since
from kumoi.services.placement.freshness import fresh
from kumoi.services.placement.usages import logic

routes = Routes()


class Query(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    project_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    consumer_type: Annotated[str | None, since("1.38")] = None


@routes.get(
    "/resource_providers/{provider_id}/usages",
    policy=policy.admin(),
    query=Nothing,
    reply=under("usages", dict[str, int], resource_provider_generation=int),
)
def of_provider(request: Request, provider_id: str) -> Reply:
    row, usages = logic.of_provider(request.tx, provider_id)
    body: dict[str, Any] = {"resource_provider_generation": row["generation"], "usages": usages}
    return fresh(request, body)


@routes.get(
    "/usages", policy=policy.reader(), query=Query, versions=during("1.9", "1.37"),
    reply=under("usages", dict[str, int]),
)  # fmt: skip
def of_project_until_1_37(request: Request, query: Query) -> Reply:
    _check_sees(request, query)
    return fresh(request, {"usages": logic.total(request.tx, query.project_id, query.user_id)})


@routes.get(
    "/usages", policy=policy.reader(), query=Query, versions=since("1.38"),
    reply=under("usages", dict[str, dict[str, int]]),
)  # fmt: skip
def of_project(request: Request, query: Query) -> Reply:
    _check_sees(request, query)
    return fresh(request, {"usages": logic.by_type(request.tx, query.project_id, query.user_id, query.consumer_type)})


def _check_sees(request: Request, query: Query) -> None:
    if not request.who.sees(query.project_id):
        raise PolicyForbids("placement:usages")
