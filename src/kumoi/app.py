"""The composition root: which services, which engines, from which settings."""

import functools
import importlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kumoi import services as services_package
from kumoi.engines.hosts import Hosts
from kumoi.engines.images import receiving
from kumoi.engines.images.interface import ImageStore
from kumoi.engines.implementations import implementation
from kumoi.engines.network.interface import Topology
from kumoi.engines.objects.interface import ObjectStore
from kumoi.engines.objects.opened import opened
from kumoi.host import client as host_client
from kumoi.kernel import counts, durable, events, log, operations, preparation, reconcile, removal, resolvers
from kumoi.kernel import rooms as rooms_module
from kumoi.kernel import settings as settings_module
from kumoi.kernel.audit import Audit
from kumoi.kernel.database import Database, Transaction
from kumoi.kernel.http import Api, Authenticator
from kumoi.kernel.routes import Service
from kumoi.kernel.runner import Runner
from kumoi.kernel.settings import Folder, Settings
from kumoi.kernel.tokens import Keys
from kumoi.kernel.wakeup import Bell, announce_with, wake_with

Locate = Callable[[type[Any]], Any]

MAKERS: dict[type[Any], Callable[[Folder, Settings], Any]] = {
    Hosts: host_client.Hosts,
    Keys: lambda folder, settings: Keys.load(folder.keys),
    ImageStore: lambda folder, settings: implementation(ImageStore, settings)(folder.images),
    ObjectStore: lambda folder, settings: opened(folder.objects, settings),
    Topology: lambda folder, settings: implementation(Topology, settings)(folder, settings),
    Audit: lambda folder, settings: Audit(differences),
}
"""Engines of the control plane's processes, which `locate` finds by interface."""

NOT_FOR_THE_RUNNER = frozenset({"api", "streams", "schemas", "bootstrap", "audit", "service"})
"""Rooms that the runner loads only where another room imports them."""


def load_services() -> list[Service]:
    """Import every room of every service (tables, operations, reconcilers register themselves) and collect SERVICE."""
    found = []
    for name in service_modules():
        module = importlib.import_module(name)
        if name.endswith(".service"):
            found.append(module.SERVICE)
    return sorted(found, key=lambda service: service.type)


def load_runner() -> None:
    """Import what the runner needs: all rooms except those that answer requests, fill a new cloud, or audit.
    Operations, reconcilers, sweeps, quotas and removal functions register themselves on import."""
    for name in service_modules():
        if NOT_FOR_THE_RUNNER.isdisjoint(name.split(".")):
            importlib.import_module(name)


def load_streams() -> list[Service]:
    """Import only what routes of mode `stream` need, and collect every SERVICE, whose error shapes are needed. Removal
    functions may be missing."""
    removal.forbid()
    package = services_package.__name__
    modules = [importlib.import_module(f"{package}.{name}.service") for name in services_package.present()]
    found: list[Service] = [module.SERVICE for module in modules]
    for service in found:
        service.streaming()
    return found


def service_modules() -> list[str]:
    """Every module below kumoi.services, without those of services that the cloud does not have."""
    return [name for name in _every_module() if rooms_module.has(name.split(".")[2]) and _complete(name)]


def _complete(module: str) -> bool:
    """Whether the module's resource has all services that it needs; a module beside the resources has."""
    folder = ".".join(module.split(".")[:4])
    return folder not in _folders() or rooms_module.complete(folder)


@functools.cache
def _folders() -> frozenset[str]:
    return frozenset(name.rpartition(".")[0] for name in _every_module())


@functools.cache
def _every_module() -> list[str]:
    """Finds modules by their files, because pkgutil would import every package on the way."""
    below = Path(services_package.__path__[0])
    files = [path.relative_to(below).with_suffix("").parts for path in below.rglob("*.py")]
    names = {".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in files}
    return sorted(f"{services_package.__name__}.{name}" for name in names if name)


def rooms(name: str) -> list[Any]:
    """The existing modules `services/<service>/<name>.py` and `services/<service>/<resource>/<name>.py`, by service.
    Examples of rooms: bootstrap, audit."""
    depth = services_package.__name__.count(".")
    found = [m for m in service_modules() if m.endswith(f".{name}") and m.count(".") - depth in (2, 3)]
    return [importlib.import_module(m) for m in found]


def engines(folder: Folder, settings: Settings) -> Locate:
    """Engines by interface. Each is created on first use, so that a process loads only what it uses."""
    made: dict[type[Any], Any] = {Settings: settings, Folder: folder}

    def locate(kind: type[Any]) -> Any:
        if kind not in made:
            made[kind] = MAKERS[kind](folder, settings)
        return made[kind]

    return locate


def open_cloud(data: Path, load: Callable[[], object] = load_services) -> tuple[Folder, Settings, Database]:
    """Open the cloud of a data folder, once per process."""
    folder = Folder(data)
    services_package.use(settings_module.load(folder).services)
    load()
    preparation.wait(folder)
    settings = settings_module.load(folder)
    durable.keep_free(settings.disk_reserve << 20)
    receiving.hash_with(settings.image_hash)
    wake_with(Bell(folder.runner_socket).ring)
    announce_with(Bell(folder.changes_socket).ring)
    resolvers.use(settings)
    return folder, settings, Database(folder.database_url(settings))


def authenticator(folder: Folder) -> Authenticator:
    from kumoi.services.identity import facade

    return facade.authenticator(folder.keys)


def make_api(data: Path, load: Callable[[], list[Service]] = load_services) -> Api:
    """The application of the api process, or with `load_streams` of the streams process."""
    folder, settings, database = open_cloud(data, load)
    locate = engines(folder, settings)
    return Api(load(), database, authenticator(folder), settings, locate, keys=locate(Keys))


def make_runner(database: Database, locate: Locate) -> Runner:
    return Runner(database, locate)


def bootstrap(folder: Folder, settings: Settings, passwords: dict[str, str]) -> None:
    """Fill a new cloud: every service's `bootstrap.py` in one transaction. Repeated calls change nothing. `passwords`:
    user name → password, for users that do not exist yet."""
    services_package.use(settings.services)
    from kumoi.services.identity import facade

    hashes: dict[str, Callable[[], str]] = {
        user: functools.partial(facade.hash_password, password, settings.password_rounds)
        for user, password in passwords.items()
    }
    with ThreadPoolExecutor() as pool:
        if Keys.create(folder.keys):
            # Password hashes are slow, so they are computed while other modules load.
            hashes = {user: pool.submit(ask).result for user, ask in hashes.items()}
        load_services()
        from kumoi import migrations

        database = Database(folder.database_url(settings))
        migrations.upgrade(database)
        database.write(events.adopt_foreign)
        database.write(lambda tx: begin_services(tx, settings, hashes))
        database.close()


def begin_services(tx: Transaction, settings: Settings, password_hashes: Mapping[str, Callable[[], str]]) -> None:
    for module in sorted(rooms("bootstrap"), key=lambda module: module.ORDER):
        module.bootstrap(tx, settings, password_hashes)


def audit(data: Path) -> list[dict[str, Any]]:
    """Every difference between tables and world: {service, kind, id, problem}; empty when they agree."""
    folder, settings, database = open_cloud(data)
    return differences(database, engines(folder, settings))


def differences(database: Database, locate: Locate) -> list[dict[str, Any]]:
    """The kernel's own differences (unfinished work) and those of each `audit.py`. An audit that fails is reported as a
    difference, and the others still run."""
    view = reconcile.View(database, locate)
    found: list[dict[str, Any]] = []
    for row in database.read(reconcile.pending):
        problem = f"the world has not followed: {row['fault'] or 'waiting'}"
        found.append({"service": "kernel", "kind": row["kind"], "id": row["id"], "problem": problem})
    for begun in database.read(operations.unfinished):
        fault = begun["data"].get(operations.DETAILS) or begun["fault"]
        problem = f"{begun['state']} at {begun['step']}" + (f", overdue: {fault}" if begun["overdue"] else "")
        found.append({"service": "kernel", "kind": begun["kind"], "id": begun["id"], "problem": problem})
    for name, holder, kept, real in database.read(counts.differences):
        problem = f"{kept} {name} are counted, but there are {real}"
        found.append({"service": "kernel", "kind": "count", "id": holder, "problem": problem})
    for module in rooms("audit"):
        try:
            found.extend(module.differences(view))
        except Exception as error:
            log.fault(__name__, "an audit ended early", audit=module.__name__)
            problem = f"it could not be compared with the world: {type(error).__name__}: {error}"
            found.append({"service": module.__name__.split(".")[2], "kind": "audit", "id": "-", "problem": problem})
    return found
