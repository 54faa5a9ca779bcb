"""Route of the services' OpenAPI documents."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.openapi import logic

routes = Routes()


@routes.get("/openapi/{service}", policy=policy.public(), reply=dict[str, Any])
def show(request: Request, service: str) -> dict[str, Any]:
    return logic.document(service, request.base_url)
