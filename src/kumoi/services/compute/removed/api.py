"""Routes of removed parts: 410, as Nova answers."""

from kumoi.kernel import policy
from kumoi.kernel.errors import Gone
from kumoi.kernel.http import Request
from kumoi.kernel.policy import Policy
from kumoi.kernel.routes import Routes

routes = Routes()

PATHS: dict[str, tuple[Policy, tuple[str, ...]]] = {
    "/os-agents": (policy.admin(), ("GET", "POST")),
    "/os-cells": (policy.admin(), ("GET", "POST")),
    "/os-certificates": (policy.member(), ("POST",)),
    "/os-cloudpipe": (policy.admin(), ("GET", "POST")),
    "/os-fixed-ips/{address}": (policy.admin(), ("GET",)),
    "/os-floating-ip-dns": (policy.reader(), ("GET",)),
    "/os-floating-ips-bulk": (policy.admin(), ("GET", "POST")),
    "/os-fping": (policy.reader(), ("GET",)),
    "/os-networks": (policy.admin(), ("POST",)),
    "/os-security-group-default-rules": (policy.admin(), ("GET", "POST")),
    "/os-tenant-networks": (policy.member(), ("POST",)),
}
"""Path → who may know, and the methods."""


def _remove(method: str, path: str, allowed: Policy) -> None:
    declare = routes.get if method == "GET" else routes.post

    @declare(path, policy=allowed, status=410, errors=(410,))
    def refuse(request: Request, **of: str) -> None:
        raise Gone("This part of the compute API has been removed.")


for _path, (_allowed, _methods) in PATHS.items():
    for _method in _methods:
        _remove(_method, _path, _allowed)
