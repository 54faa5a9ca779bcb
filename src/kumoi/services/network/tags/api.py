"""Routes of tags: the same below every collection that has them."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.services.network.tags import logic

routes = Routes()


class TagsBody(msgspec.Struct, forbid_unknown_fields=True):
    tags: list[str]


def _about(request: Request, path: dict[str, str]) -> tuple[str, str]:
    """Collection and id."""
    assert request.route is not None
    collection = request.route.path.split("/")[1]
    return collection, path[logic.TAGGED[collection].id]


def index(request: Request, **path: str) -> dict[str, Any]:
    return {"tags": logic.of(request.tx, request.who, *_about(request, path))}


def replace(request: Request, body: TagsBody, **path: str) -> dict[str, Any]:
    return {"tags": logic.replace(request.tx, request.who, *_about(request, path), body.tags)}


def append(request: Request, body: TagsBody, **path: str) -> dict[str, Any]:
    return {"tags": logic.add(request.tx, request.who, *_about(request, path), body.tags)}


def clear(request: Request, **path: str) -> None:
    logic.remove(request.tx, request.who, *_about(request, path), None)


def show(request: Request, tag: str, **path: str) -> None:
    logic.must_have(request.tx, request.who, *_about(request, path), tag)


def add(request: Request, tag: str, **path: str) -> None:
    logic.add(request.tx, request.who, *_about(request, path), [tag])


def remove(request: Request, tag: str, **path: str) -> None:
    logic.remove(request.tx, request.who, *_about(request, path), tag)


for _tagged in logic.TAGGED.values():
    _all = f"/{_tagged.collection}/{{{_tagged.id}}}/tags"
    routes.get(_all, policy=policy.reader(), query=Nothing, reply=TagsBody)(index)
    routes.put(_all, policy=policy.member(), body=TagsBody, reply=TagsBody)(replace)
    routes.post(_all, policy=policy.member(), body=TagsBody, reply=TagsBody)(append)
    routes.delete(_all, policy=policy.member())(clear)
    routes.get(f"{_all}/{{tag}}", policy=policy.reader(), status=204)(show)
    routes.put(f"{_all}/{{tag}}", policy=policy.member(), status=201)(add)
    routes.delete(f"{_all}/{{tag}}", policy=policy.member())(remove)
