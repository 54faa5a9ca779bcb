"""Actions on a running server."""

from typing import Any

from kumoi.kernel.routes import Route
from tests.examples import server

BEFORE = {"os-start": "os-stop", "unpause": "pause", "resume": "suspend"}


def example(cloud: Any, action: str, argument: Any = None) -> tuple[str, dict[str, Any]]:
    return f"/compute/v2.1/servers/{server(cloud)}/action", {action: argument}


def reboot(cloud: Any) -> tuple[str, dict[str, Any]]:
    return example(cloud, "reboot", {"type": "HARD"})


def lock(cloud: Any) -> tuple[str, dict[str, Any]]:
    return example(cloud, "lock")


def unlock(cloud: Any) -> tuple[str, dict[str, Any]]:
    return example(cloud, "unlock")


def reset_state(cloud: Any) -> tuple[str, dict[str, Any]]:
    return example(cloud, "os-resetState", {"state": "error"})


def trigger_crash_dump(cloud: Any) -> tuple[str, dict[str, Any]]:
    return example(cloud, "trigger_crash_dump")


def force_delete(cloud: Any) -> tuple[str, dict[str, Any]]:
    return example(cloud, "forceDelete")


def act(cloud: Any, route: Route) -> tuple[str, dict[str, Any]]:
    path, _ = example(cloud, "")
    if before := BEFORE.get(route.action or ""):
        assert cloud.post(path, json={before: None}).status_code == 202
        cloud.settle()
    return path, {route.action or "": None}
