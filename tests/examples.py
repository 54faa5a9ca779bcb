"""The request that creates one of each resource, and what it requires, declared once in each resource's `example.py`.

`tests/services/<service>/<resource>/example.py` has `example(cloud) -> (path, body)` for POST routes whose handler's
name begins with `create`, and a function with the handler's name for each other route. It may also take the route.
"""

import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable
from typing import Any

from kumoi import app
from kumoi.kernel import versions
from kumoi.kernel.routes import Route, Service
from tests.services.compute import world as worlds
from tests.services.compute.world import World

Ask = tuple[str, dict[str, Any]]
"""A path and a body that are answered with success."""
Example = Callable[..., Ask]

_worlds: dict[int, tuple[Any, World]] = {}


def of(service: Service, route: Route) -> Example | None:
    """The example of a route; None: its resource has none."""
    resource, handler = route.name.partition(".")[0], route.handler.__name__
    name = f"tests.services.{service.type}.{resource}.example"
    try:
        found = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        return None
    function = getattr(found, handler, None) or (
        getattr(found, "example", None) if handler.startswith("create") else None
    )
    if function is None or len(inspect.signature(function).parameters) < 2:
        return function
    return lambda cloud: function(cloud, route)


def creating() -> list[tuple[Service, Route, str]]:
    """(service, route, kind) of every example with which a member creates a resource with an id. `kind` is the path
    parameter without `_id`."""
    found = []
    for service in app.load_services():
        paths = {route.path for route in service.each()}
        for route in service.each():
            items = (re.fullmatch(re.escape(route.path) + r"/\{(\w+)_id\}", path) for path in paths)
            kind = next((item[1] for item in items if item), None)
            plain = route.method == "POST" and "{" not in route.path and route.policy.role == "member"
            if plain and kind and not (route.versions and route.versions.last) and of(service, route):
                found.append((service, route, kind))
    return found


def first_version(service: Service, route: Route) -> str | None:
    """The oldest microversion in which a route answers as it is declared."""
    if route.versions and service.microversions:
        return versions.text(max(route.versions.first, service.microversions.minimum))
    return None


def caller(route: Route) -> str:
    """A caller who may use the route: a token of tests/cloud.py."""
    mere = route.policy.role in ("member", "reader") and route.policy.name != "admin-of-visible"
    return "member" if mere else "admin"


def prepare(cloud: Any) -> Any:
    """The cloud, with the data of a new cloud, a host, an image and a network. Examples require these."""
    cloud.database.write(lambda tx: app.begin_services(tx, cloud.settings, {}))
    world(cloud)
    return cloud


def world(cloud: Any) -> World:
    """What a server requires; created once for each cloud."""
    kept = _worlds.get(id(cloud))
    if kept is None or kept[0] is not cloud:
        _worlds.clear()
        kept = _worlds[id(cloud)] = cloud, worlds.make(cloud)
    return kept[1]


def server(cloud: Any) -> str:
    """The id of a server that runs."""
    return world(cloud).boot()


def made(cloud: Any, service: str, resource: str, **more: Any) -> dict[str, Any]:
    """What another resource's example creates, with further fields, after the cloud has settled."""
    example = importlib.import_module(f"tests.services.{service}.{resource}.example").example
    path, body = example(cloud)
    envelope = next(iter(body))
    answered = cloud.post(path, as_="member", json={envelope: {**body[envelope], **more}})
    assert answered.status_code < 300, answered.text
    cloud.settle()
    found: dict[str, Any] = answered.json[envelope]
    return found
