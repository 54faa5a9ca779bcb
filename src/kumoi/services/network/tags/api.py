"""Routes of tags: the same below every collection that has them."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.network import bodies
from kumoi.services.network.tags import logic

routes = Routes()


class TagsBody(msgspec.Struct, forbid_unknown_fields=True):
    tags: list[str]


def _collection(request: Request) -> str:
    assert request.route is not None
    return request.route.path.split("/")[1]


def index(request: Request, resource_id: str) -> dict[str, Any]:
    return {"tags": logic.of(request.tx, request.who, _collection(request), resource_id)}


def replace(request: Request, resource_id: str) -> dict[str, Any]:
    names = bodies.decode(request, TagsBody).tags
    return {"tags": logic.replace(request.tx, request.who, _collection(request), resource_id, names)}


def append(request: Request, resource_id: str) -> dict[str, Any]:
    names = bodies.decode(request, TagsBody).tags
    return {"tags": logic.add(request.tx, request.who, _collection(request), resource_id, names)}


def clear(request: Request, resource_id: str) -> None:
    logic.remove(request.tx, request.who, _collection(request), resource_id, None)


def show(request: Request, resource_id: str, tag: str) -> None:
    logic.must_have(request.tx, request.who, _collection(request), resource_id, tag)


def add(request: Request, resource_id: str, tag: str) -> None:
    logic.add(request.tx, request.who, _collection(request), resource_id, [tag])


def remove(request: Request, resource_id: str, tag: str) -> None:
    logic.remove(request.tx, request.who, _collection(request), resource_id, tag)


for _name in logic.TAGGED:
    _all = f"/{_name}/{{resource_id}}/tags"
    routes.get(_all, policy=policy.reader())(index)
    routes.put(_all, policy=policy.member(), body=TagsBody, raw_body=True)(replace)
    routes.post(_all, policy=policy.member(), body=TagsBody, raw_body=True)(append)
    routes.delete(_all, policy=policy.member())(clear)
    routes.get(f"{_all}/{{tag}}", policy=policy.reader(), status=204)(show)
    routes.put(f"{_all}/{{tag}}", policy=policy.member(), status=201)(add)
    routes.delete(f"{_all}/{{tag}}", policy=policy.member())(remove)
