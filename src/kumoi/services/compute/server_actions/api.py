"""Routes of server actions that no other resource has."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.policy import Policy
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import Span, since, until
from kumoi.services.compute.server_actions import logic, schemas
from kumoi.services.compute.servers.logic import changes

routes = Routes()

PATH = "/servers/{server_id}/action"


def _plain(name: str, key: str) -> None:
    @routes.action(PATH, key, policy=policy.member(), errors=(409,))
    def act(request: Request, server_id: str) -> Reply:
        logic.act(request.tx, request.who, server_id, name, request.origin())
        return Reply()


for _name, _key in (
    ("start", "os-start"), ("stop", "os-stop"), ("pause", "pause"), ("unpause", "unpause"), ("suspend", "suspend"),
    ("resume", "resume"),
):  # fmt: skip
    _plain(_name, _key)


@routes.action(PATH, "reboot", policy=policy.member(), body=schemas.Reboot, errors=(409,))
def reboot(request: Request, server_id: str, body: schemas.Reboot) -> Reply:
    name = "hard reboot" if body.type.upper() == "HARD" else "reboot"
    logic.act(request.tx, request.who, server_id, name, request.origin())
    return Reply()


@routes.action(PATH, "trigger_crash_dump", policy=policy.member(), versions=since("2.17"), errors=(409,))
def trigger_crash_dump(request: Request, server_id: str) -> Reply:
    logic.crash(request.tx, request.who, server_id, request.origin())
    return Reply()


@routes.action(PATH, "changePassword", policy=policy.member(), body=schemas.ChangePassword, errors=(409,))
def change_password(request: Request, server_id: str, body: schemas.ChangePassword) -> Reply:
    logic.change_password(request.tx, request.who, server_id)
    return Reply()


@routes.get(
    "/servers/{server_id}/topology",
    policy=policy.reader(),
    query=Nothing,
    versions=since("2.78"),
    reply=schemas.Topology,
)
def topology(request: Request, server_id: str) -> schemas.Topology:
    logic.topology(request.tx, request.who, server_id)
    return schemas.Topology()


@routes.action(PATH, "lock", policy=policy.member(), body=schemas.Lock | None)
def lock(request: Request, server_id: str, body: schemas.Lock | None) -> Reply:
    logic.lock(request.tx, request.who, server_id, body.locked_reason if body else None)
    return Reply()


@routes.action(PATH, "unlock", policy=policy.member())
def unlock(request: Request, server_id: str) -> Reply:
    logic.unlock(request.tx, request.who, server_id)
    return Reply()


@routes.action(PATH, "os-resetState", policy=policy.admin(), body=schemas.ResetState, errors=(409,))
def reset_state(request: Request, server_id: str, body: schemas.ResetState) -> Reply:
    logic.reset(request.tx, request.who, server_id, body.state)
    return Reply()


@routes.action(PATH, "forceDelete", policy=policy.member(), errors=(409,))
def force_delete(request: Request, server_id: str) -> Reply:
    changes.delete(request.tx, request.who, server_id, request.origin())
    return Reply()


@routes.action(PATH, "restore", policy=policy.member(), errors=(409,))
def restore(request: Request, server_id: str) -> Reply:
    logic.restore(request.tx, request.who, server_id)
    return Reply()


def _absent(key: str, allowed: Policy, versions: Span | None = None) -> None:
    @routes.action(PATH, key, policy=allowed, versions=versions, errors=(501,))
    def refuse(request: Request, server_id: str) -> None:
        logic.refuse(request.tx, request.who, server_id, key)


for _key in ("addFixedIp", "removeFixedIp"):
    _absent(_key, policy.member(), until("2.43"))

for _key in ("evacuate", "injectNetworkInfo", "migrate", "os-migrateLive", "resetNetwork"):
    _absent(_key, policy.admin())


def _absent_page(path: str, allowed: Policy, name: str, versions: Span | None = None) -> None:
    @routes.get(path, policy=allowed, versions=versions, errors=(501,))
    def refuse(request: Request, server_id: str) -> None:
        logic.refuse(request.tx, request.who, server_id, name)


_absent_page("/servers/{server_id}/diagnostics", policy.admin(), "diagnostics")
