"""Routes of usages."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.compute.usages import logic, schemas

routes = Routes()
PATH = "/os-simple-tenant-usage"


def _links(request: Request, page: logic.Page) -> Any:
    return msgspec.UNSET if page.last is None else [schemas.Link("next", request.link_after(page.last))]


@routes.get(PATH, policy=policy.admin(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    now = request.tx.now
    page = logic.of_all(
        request.tx, logic.period(now, query.start, query.end), limit=query.limit, marker=query.marker,
        paged=request.behaves("usages in pages"),
    )  # fmt: skip
    detailed = query.detailed == "1"
    return schemas.ListBody(
        tenant_usages=[schemas.usage(each, now, detailed=detailed) for each in page.usages],
        tenant_usages_links=_links(request, page),
    )


@routes.get(f"{PATH}/{{project_id}}", policy=policy.reader(), query=schemas.Query, reply=schemas.Body)
def show(request: Request, project_id: str, query: schemas.Query) -> schemas.Body:
    now = request.tx.now
    page = logic.of_project(
        request.tx, request.who, project_id, logic.period(now, query.start, query.end), limit=query.limit,
        marker=query.marker, paged=request.behaves("usages in pages"),
    )  # fmt: skip
    found: Any = schemas.usage(page.usages[0], now, detailed=True) if page.usages else {}
    return schemas.Body(tenant_usage=found, tenant_usage_links=_links(request, page))
