"""A whole cloud in the test's own process, on fakes: `Cloud(folder, url)`. A caller's name is used as the token."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import falcon.testing

from kumoi import app
from kumoi.kernel import clock, reconcile
from kumoi.kernel.database import Database
from kumoi.kernel.errors import Unauthorized
from kumoi.kernel.http import Api
from kumoi.kernel.routes import Service
from kumoi.kernel.settings import Folder, Settings
from kumoi.kernel.tokens import Keys
from kumoi.kernel.who import Who
from tests.databases import make_tables
from tests.replies import Checked

PROJECT = "11111111111111111111111111111111"
OTHER_PROJECT = "22222222222222222222222222222222"
ROLES = {
    "admin": frozenset({"admin", "manager", "member", "reader"}),
    "member": frozenset({"member", "reader"}),
    "reader": frozenset({"reader"}),
}

CALLERS = {
    "admin": Who("admin-user", "admin", project_id=PROJECT, project_name="demo", roles=ROLES["admin"]),
    "member": Who("member-user", "member", project_id=PROJECT, project_name="demo", roles=ROLES["member"]),
    "reader": Who("reader-user", "reader", project_id=PROJECT, project_name="demo", roles=ROLES["reader"]),
    "other": Who("other-user", "other", project_id=OTHER_PROJECT, project_name="other", roles=ROLES["member"]),
    "roleless": Who("roleless-user", "roleless", project_id=PROJECT, project_name="demo"),
    "system": Who("admin-user", "admin", system=True, roles=ROLES["admin"]),
    "system-reader": Who("system-user", "system", system=True, roles=ROLES["reader"]),
    "system-member": Who("system-user", "system", system=True, roles=ROLES["member"]),
    "system-manager": Who("system-user", "system", system=True, roles=frozenset({"manager", "member", "reader"})),
    "domain-manager": Who("domain-user", "domain", domain_id="spare", roles=frozenset({"manager", "member", "reader"})),
    "unscoped": Who("member-user", "member"),
}


def authenticate(_database: Database, token: str) -> Who:
    """Tokens of tests are the names of CALLERS."""
    if token not in CALLERS:
        raise Unauthorized("The token is not valid.")
    return CALLERS[token]


_Served = tuple[Api, Any]
_idle: dict[tuple[str, ...], list[_Served]] = {}
"""APIs of closed clouds, by their services' types. Their routes are compiled, so the next cloud reuses them."""


def _take(services: list[Service], *arguments: Any, **more: Any) -> _Served:
    """An API and its WSGI application, as `Api(services, …)` and `wsgi(api)` create them."""
    if idle := _idle.get(tuple(service.type for service in services)):
        api, wsgi = idle.pop()
        vars(api).clear()
        Api.__init__(api, services, *arguments, **more)
        return api, wsgi
    api = Api(services, *arguments, **more)
    return api, Checked(api)


def _give_back(api: Api, wsgi: Any) -> None:
    _idle.setdefault(tuple(service.type for service in api.services), []).append((api, wsgi))


class Cloud:
    """`services` None: all there are. `authenticator` None: the tokens above. `create` False: the tables are there."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        services: Iterable[Service] | None = None,
        authenticator: Any = None,
        create: bool = True,
        **settings: Any,
    ) -> None:
        every = app.load_services()
        self.folder = Folder(folder)
        for path in (self.folder.run, self.folder.keys, self.folder.host, self.folder.images):
            path.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(cloud_id="abcdef", hypervisor="fake", network="fake", password_rounds=4, **settings)
        self.database = Database(database_url)
        if create:
            make_tables(self.database)
        Keys.create(self.folder.keys)
        self.keys = keys = Keys.load(self.folder.keys)
        self.engines = self._engines()
        chosen = list(services) if services is not None else every
        self.api, wsgi = _take(
            chosen, self.database, authenticator or authenticate, self.settings, self.locate, keys=keys
        )
        self.http = falcon.testing.TestClient(wsgi)
        self.runner = app.make_runner(self.database, self.locate)

    def _engines(self) -> dict[type[Any], Any]:
        from tests.engines.fakes import fake_engines

        return fake_engines(self.folder, self.settings)

    def locate(self, kind: type[Any]) -> Any:
        return self.keys if kind is Keys else self.engines[kind]

    def call(self, method: str, path: str, as_: str | None = "member", version: str | None = None, **more: Any) -> Any:
        """The response. `json`, `headers` and `params` as in falcon.testing; `version` is compute's microversion."""
        headers = dict(more.pop("headers", {}))
        if as_:
            headers["X-Auth-Token"] = as_
        if version:
            service = path.split("/")[1]
            headers["OpenStack-API-Version"] = f"{service} {version}"
        return self.http.simulate_request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.call("GET", path, **more)

    def post(self, path: str, **more: Any) -> Any:
        return self.call("POST", path, **more)

    def put(self, path: str, **more: Any) -> Any:
        return self.call("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> Any:
        return self.call("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> Any:
        return self.call("DELETE", path, **more)

    def settle(self, seconds: float = 20.0) -> None:
        """Run operations and reconcilers alternately until nothing is due, or for so many seconds between them. Some wait
        for each other. Time of work does not count, because a machine may be slow."""
        while seconds > 0:
            worked = reconcile.run_dirty(self.database, self.locate) > 0
            while self.runner.run_one():
                worked = True
            due = [at for at in (self.runner.next_due(), self.database.read(reconcile.next_due)) if at is not None]
            if not due:
                return
            if not worked:
                pause = max(0.005, min((min(due) - clock.now()) / clock.SECOND, 0.2))
                clock.sleep(pause)
                seconds -= pause

    def sweep(self) -> None:
        """Every sweep once, now."""
        view = reconcile.View(self.database, self.locate)
        for sweep in reconcile.sweepers.values():
            sweep.run(view)

    def audit(self) -> list[dict[str, Any]]:
        return app.differences(self.database, self.locate)

    def close(self) -> None:
        """Close everything. No engine's thread survives, and the cloud can no longer be called."""
        self.stop()
        _give_back(self.api, self.http.app)
        del self.api, self.http

    def stop(self) -> None:
        """Close database and engines."""
        self.database.close()
        for engine in {id(engine): engine for engine in self.engines.values()}.values():
            if callable(close := getattr(engine, "close", None)):
                close()
