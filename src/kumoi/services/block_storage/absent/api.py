"""Routes of absent resources: their lists are empty, and creating one is 501, not 404."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.policy import Policy
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import under
from kumoi.services.block_storage.errors import Absent

routes = Routes()


class Missing(msgspec.Struct):
    """An entry of an empty list."""


ABSENT = {
    "/clusters": "Clusters of volume services",
    "/consistencygroups": "Consistency groups",
    "/cgsnapshots": "Snapshots of consistency groups",
    "/manageable_snapshots": "Taking over snapshots that others made",
    "/manageable_volumes": "Taking over volumes that others made",
    "/workers/cleanup": "Cleaning up after services, which is not needed here,",
}

NONE = {
    "/cgsnapshots": "cgsnapshots",
    "/cgsnapshots/detail": "cgsnapshots",
    "/consistencygroups": "consistencygroups",
    "/consistencygroups/detail": "consistencygroups",
}
"""Path → name of an empty list. A dashboard shows an empty page if one of its side requests fails."""
NONE_FOR_ADMINS = {"/clusters": "clusters", "/clusters/detail": "clusters"}


def _refuse_get(path: str, what: str) -> None:
    @routes.get(path, policy=policy.reader(), status=501, errors=(501,))
    def index(request: Request) -> Reply:
        raise Absent(what)


def _refuse_post(path: str, what: str) -> None:
    @routes.post(path, policy=policy.member(), body=dict[str, Any], status=501, mode="read", errors=(501,))
    def create(request: Request, body: dict[str, Any]) -> Reply:
        raise Absent(what)


def _empty(path: str, name: str, allowed: Policy) -> None:
    @routes.get(path, policy=allowed, query=Nothing, mode="live", reply=under(name, list[Missing]))
    def none(request: Request) -> dict[str, Any]:
        return {name: []}


for _path, _what in ABSENT.items():
    _refuse_post(_path, _what)
    if _path not in NONE and _path not in NONE_FOR_ADMINS:
        _refuse_get(_path, _what)
for _path, _name in NONE.items():
    _empty(_path, _name, policy.reader())
for _path, _name in NONE_FOR_ADMINS.items():
    _empty(_path, _name, policy.admin())
