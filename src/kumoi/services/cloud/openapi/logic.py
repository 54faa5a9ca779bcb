"""Which services describe themselves: all that this process declares."""

from typing import Any

from kumoi.kernel import openapi
from kumoi.kernel.errors import NotFound
from kumoi.kernel.routes import Service, declared


def document(name: str, base_url: str) -> dict[str, Any]:
    service: Service | None = declared.get(name)
    if service is None:
        raise NotFound(f"There is no service {name}; there are: {', '.join(sorted(declared))}.")
    return openapi.document(service, base_url)
