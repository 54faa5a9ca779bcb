"""Measures what grows with the number of rows: one cloud in this process, with 100 and with 10,000 servers.

One server is booted through the API. Every row and file that it left is then copied under new ids. Figures are
processor time (SQLite: of this process; PostgreSQL: also of its server), so other work on the machine has little
effect.
"""

import contextlib
import functools
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import falcon
import falcon.testing
import msgspec
import sqlalchemy as sa

from bench.clones import Clones
from kumoi import app
from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.engines.volumes.fake import FakeVolumes
from kumoi.kernel import reconcile
from kumoi.kernel.runner import next_due
from kumoi.kernel.wsgi import wsgi
from kumoi.services.compute.servers.models import servers
from kumoi.services.identity import facade as identity
from kumoi.services.network.ports import states
from tests.cloud import Cloud
from tests.databases import PostgreSQL, programs

SIZES = (100, 10_000)
TIMES, BOOTS, RULES = 15, 8, 8
LOOKS_A_SECOND = 6.0
"""Of the twelve workers of an idle runner, each every two seconds. Other checks are half as frequent or less."""
PASSWORD = "secret"
COMPUTE, NETWORK, IDENTITY = "/compute/v2.1", "/network/v2.0", "/identity/v3"

Say = Callable[[str, Any], None]


def measure(say: Say, sizes: tuple[int, ...] = SIZES, databases: tuple[str, ...] = ("sqlite", "postgresql")) -> None:
    """Each figure in milliseconds, one for each size, and how many times as much the last is as the first. The clouds stand
    beside each other and are asked in turn, so that a change of the machine's speed changes all columns."""
    for database in databases:
        if database == "postgresql" and programs() is None:
            continue
        with contextlib.ExitStack() as stack:
            clouds = [stack.enter_context(of_size(database, size)) for size in sizes]
            for found in zip(*(cloud.figures() for cloud in clouds), strict=True):
                name, costs = found[0][0], [cost for _, cost, _ in found]
                kept: dict[str, Any] = {str(size): round(cost, 3) for size, cost in zip(sizes, costs, strict=True)}
                if statements := found[-1][2]:
                    kept["statements"] = statements
                say(f"scale.{database}.{name}", {**kept, "times": round(costs[-1] / costs[0], 2) if costs[0] else None})


@contextlib.contextmanager
def of_size(database: str, size: int) -> Iterator["Filled"]:
    folder = Path(tempfile.mkdtemp(prefix="k-scale-", dir="/tmp"))
    server = PostgreSQL.start(autovacuum="on") if database == "postgresql" else None
    try:
        url = server.url(server.fresh()) if server else f"sqlite:///{folder / 'kumoi.db'}"
        with Filled(folder, url, server, size) as filled:
            yield filled
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Filled:
    """A cloud with this many servers; `figures` measures it."""

    def __init__(self, folder: Path, url: str, server: PostgreSQL | None, size: int) -> None:
        self.size, self.server = size, server
        check = functools.cache(lambda: identity.authenticator(folder / "keys"))
        self.cloud = Cloud(folder, url, authenticator=lambda *asked: check()(*asked))
        hypervisor = self.cloud.engines[FakeHypervisor]
        hypervisor.shown = msgspec.structs.replace(
            hypervisor.shown, vcpus=1 << 20, memory_mib=1 << 30, disk_gib=1 << 20
        )
        self.cloud.engines[FakeVolumes].capacity_gib = 1 << 20
        self.wsgi: Any = wsgi(self.cloud.api)
        self.tokens: dict[str, str] = {}
        self.statements = 0
        for engine in {id(each): each for each in (self.cloud.database._writer, self.cloud.database._reader)}.values():
            target = engine.engine if hasattr(engine, "engine") else engine
            if not sa.event.contains(target, "before_cursor_execute", self._count):
                sa.event.listen(target, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.statements += 1

    def __enter__(self) -> "Filled":
        began = time.perf_counter()
        cloud = self.cloud
        hashes = {user: lambda: identity.hash_password(PASSWORD, 4) for user in ("admin", "demo")}
        cloud.database.write(lambda tx: app.begin_services(tx, cloud.settings, hashes))
        for user in ("admin", "demo"):
            password = {"user": {"name": user, "password": PASSWORD, "domain": {"id": "default"}}}
            auth = {
                "identity": {"methods": ["password"], "password": password},
                "scope": {"project": {"name": user, "domain": {"id": "default"}}},
            }
            _, headers, body = self.call("POST", f"{IDENTITY}/auth/tokens", None, {"auth": auth})
            self.tokens[user] = headers["x-subject-token"]
            if user == "demo":
                self.project = body["token"]["project"]["id"]
        cloud.sweep()
        self._prepare()
        server = self._boot("first")
        clones = Clones(cloud, server)
        clones.make(self.size - 1)
        states.compare(reconcile.View(cloud.database, cloud.locate))
        cloud.settle()
        with cloud.database.connection() as connection:
            if cloud.database.dialect == "postgresql":
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
        self.first, self.last = server, clones.last
        print(f"  {self.size} servers made in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.cloud.close()

    def _prepare(self) -> None:
        for path, quota in (
            (f"{COMPUTE}/os-quota-sets/{self.project}", {"quota_set": {"instances": -1, "cores": -1, "ram": -1}}),
            (f"{NETWORK}/quotas/{self.project}", {"quota": {"port": -1, "security_group_rule": -1}}),
        ):
            self.ask("PUT", path, "admin", quota)
        flavor = {"flavor": {"name": "bench", "ram": 64, "vcpus": 1, "disk": 1}}
        self.flavor = self.ask("POST", f"{COMPUTE}/flavors", "admin", flavor)["flavor"]["id"]
        image = {"name": "bench", "disk_format": "raw", "container_format": "bare", "visibility": "public"}
        self.image = self.ask("POST", "/image/v2/images", "admin", image)["id"]
        stored = self.cloud.folder.images / self.image
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(b"x" * 512)
        self.cloud.database.write(
            lambda tx: tx.execute(
                sa.text("UPDATE image_images SET status = 'active', size = 512, virtual_size = 512 WHERE id = :id"),
                {"id": self.image},
            )
        )
        self.network = self.ask("POST", f"{NETWORK}/networks", "demo", {"network": {"name": "n"}})["network"]["id"]
        subnet = {"network_id": self.network, "ip_version": 4, "cidr": "10.64.0.0/14"}
        self.ask("POST", f"{NETWORK}/subnets", "demo", {"subnet": subnet})
        group = {"security_group": {"name": "rules"}}
        self.group = self.ask("POST", f"{NETWORK}/security-groups", "demo", group)["security_group"]["id"]
        self.rules = max(1, self.size // 5)
        for begin in range(0, self.rules, 500):
            rules = [self._rule(port) for port in range(begin, min(begin + 500, self.rules))]
            self.ask("POST", f"{NETWORK}/security-group-rules", "demo", {"security_group_rules": rules})
        self.cloud.settle(120)

    def _rule(self, number: int) -> dict[str, Any]:
        return {
            "security_group_id": self.group, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp",
            "port_range_min": 1 + number, "port_range_max": 1 + number,
        }  # fmt: skip

    def _boot(self, name: str) -> str:
        server = {"name": name, "flavorRef": self.flavor, "imageRef": self.image, "networks": [{"uuid": self.network}]}
        made: str = self.ask("POST", f"{COMPUTE}/servers", "demo", {"server": server})["server"]["id"]
        self.cloud.settle()
        shown = self.ask("GET", f"{COMPUTE}/servers/{made}", "demo")["server"]
        if shown["status"] != "ACTIVE":
            raise RuntimeError(shown.get("fault"))
        return made

    def call(self, method: str, path: str, as_: str | None, body: Any = None) -> tuple[int, dict[str, str], Any]:
        headers = {"X-Auth-Token": self.tokens[as_]} if as_ else {}
        environ = falcon.testing.create_environ(
            path.partition("?")[0], query_string=path.partition("?")[2], method=method, headers=headers,
            body=json.dumps(body) if body is not None else "",
        )  # fmt: skip
        if body is not None:
            environ["CONTENT_TYPE"] = "application/json"
        return self.answer(environ)

    def answer(self, environ: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        said: list[Any] = []
        raw = b"".join(self.wsgi(environ, lambda status, headers, *_: said.extend((status, headers))))
        return int(said[0][:3]), {name.lower(): value for name, value in said[1]}, json.loads(raw) if raw else None

    def ask(self, method: str, path: str, as_: str, body: Any = None) -> Any:
        status, _, answer = self.call(method, path, as_, body)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer

    def _spent(self) -> float:
        """Processor time so far, ms."""
        spent = time.process_time() * 1000
        if self.server is not None:
            for file in Path("/proc").glob("[0-9]*/stat"):
                try:
                    if int(file.read_text().rsplit(")", 1)[1].split()[1]) == self.server.server.pid:
                        spent += int((file.parent / "schedstat").read_text().split()[0]) / 1e6
                except (OSError, ValueError):
                    continue
        return spent

    def cost(self, work: Callable[[], object], times: int = TIMES) -> tuple[float, float]:
        """Of one call: milliseconds (the minimum of several, because disturbances only add), and its SQL statements."""
        work()
        found = []
        for _ in range(times):
            statements, began = self.statements, self._spent()
            work()
            found.append(self._spent() - began)
        return min(found), self.statements - statements

    def asked(
        self,
        path: str,
        as_: str = "demo",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        wsgi: Any = None,
    ) -> Callable[[], None]:
        """Asks once; the answer must be 200."""
        made = falcon.testing.create_environ(
            path.partition("?")[0], query_string=path.partition("?")[2], method=method,
            headers={"X-Auth-Token": self.tokens[as_], **(headers or {})},
        )  # fmt: skip
        application = wsgi or self.wsgi
        said: list[str] = []

        def start(status: str, *_: Any) -> None:
            said.append(status)

        def work() -> None:
            body = b"".join(application(dict(made), start))
            if said.pop() != "200 OK":
                raise RuntimeError(f"{path}: {body[:200]!r}")

        return work

    def asking(self, path: str, as_: str = "demo", repeat: int = 5) -> tuple[float, float]:
        ask = self.asked(path, as_)

        def work() -> None:
            for _ in range(repeat):
                ask()

        spent, statements = self.cost(work)
        return spent / repeat, statements / repeat

    def bare(self) -> Any:
        """An application of the same framework whose only handler, at `/bare`, reads the first server's row by its id, and
        nothing else: no token, no version, no policy, no shape."""
        server, database = self.first, self.cloud.database

        class Bare:
            def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
                row = database.read(lambda tx: tx.row(servers, id=server))
                assert row is not None
                response.content_type = "application/json"
                response.data = msgspec.json.encode({"server": {"id": row["id"], "name": row["name"]}})

        application = falcon.App()
        application.add_route("/bare", Bare())
        return application

    def figures(self) -> Iterator[tuple[str, float, float]]:
        """(name, ms, statements). Each is measured when the iterator reaches it."""
        address = self.ask("GET", f"{COMPUTE}/servers/{self.last}", "demo")["server"]["addresses"]["n"][0]["addr"]
        port = self.ask("GET", f"{NETWORK}/ports?device_id={self.last}", "demo")["ports"][0]["id"]
        yield "server_show", *self.asking(f"{COMPUTE}/servers/{self.last}", repeat=20)
        for name, path, as_ in (
            ("servers", f"{COMPUTE}/servers?limit=20", "demo"),
            ("servers.next_page", f"{COMPUTE}/servers?limit=20&marker={self.last}", "demo"),
            ("servers.detail", f"{COMPUTE}/servers/detail?limit=20", "demo"),
            ("servers.all_tenants", f"{COMPUTE}/servers/detail?limit=20&all_tenants=1", "admin"),
            ("servers.by_name", f"{COMPUTE}/servers?limit=20&name=none-such", "demo"),
            ("servers.by_status", f"{COMPUTE}/servers?limit=20&status=ACTIVE", "demo"),
            ("servers.by_status.none", f"{COMPUTE}/servers?limit=20&status=PAUSED", "demo"),
            ("servers.by_status.none.all", f"{COMPUTE}/servers?limit=20&status=ERROR&all_tenants=1", "admin"),
            ("servers.by_ip", f"{COMPUTE}/servers?limit=20&ip={address}", "demo"),
            ("servers.by_host", f"{COMPUTE}/servers?limit=20&host=none-such&all_tenants=1", "admin"),
            ("servers.changed", f"{COMPUTE}/servers?limit=20&changes-since=2100-01-01T00:00:00Z", "demo"),
            ("limits", f"{COMPUTE}/limits", "demo"),
            ("quota.network", f"{NETWORK}/quotas/{self.project}/details.json", "demo"),
            ("hypervisors", f"{COMPUTE}/os-hypervisors/detail", "admin"),
            ("ports", f"{NETWORK}/ports?limit=20", "demo"),
            ("ports.all", f"{NETWORK}/ports?limit=20", "admin"),
            ("ports.by_device", f"{NETWORK}/ports?device_id={self.last}", "demo"),
            ("ports.by_name", f"{NETWORK}/ports?name=none-such", "demo"),
            ("ports.by_mac", f"{NETWORK}/ports?mac_address=fa:16:3e:ff:ff:ff", "demo"),
            ("ports.by_status.none", f"{NETWORK}/ports?status=BUILD", "demo"),
            ("ports.by_ip", f"{NETWORK}/ports?fixed_ips=ip_address%3D{address}", "demo"),
            ("port_show", f"{NETWORK}/ports/{port}", "demo"),
            ("security_group_rules", f"{NETWORK}/security-group-rules?limit=20", "demo"),
            ("actions", f"{COMPUTE}/servers/{self.last}/os-instance-actions", "demo"),
            ("events", "/kumoi/v1/events?limit=20", "admin"),
        ):
            yield name, *self.asking(path, as_)
        numbers = iter(range(self.rules, 60_000))

        def rule() -> None:
            self.ask(
                "POST", f"{NETWORK}/security-group-rules", "demo", {"security_group_rule": self._rule(next(numbers))}
            )

        yield "rule_create", *self.cost(rule, RULES)
        self.cloud.settle()

        def make_port() -> None:
            self.ask("POST", f"{NETWORK}/ports", "demo", {"port": {"network_id": self.network}})

        yield "port_create", *self.cost(make_port, BOOTS)
        self.cloud.settle()
        made: list[str] = []
        yield "boot", *self.cost(lambda: made.append(self._boot("more")), BOOTS)

        def delete() -> None:
            self.ask("DELETE", f"{COMPUTE}/servers/{made.pop()}", "demo")
            self.cloud.settle()

        yield "delete", *self.cost(delete, min(BOOTS, len(made)) - 1)
        view, share = reconcile.View(self.cloud.database, self.cloud.locate), 0.0
        for sweep in reconcile.sweepers.values():
            spent = self.cost(lambda sweep=sweep: sweep.run(view), 4)  # type: ignore[misc]
            yield f"sweep.{sweep.kind}", *spent
            share += min(spent[0] / sweep.every / 10, 100 * reconcile.SHARE)
            yield f"sweep.{sweep.kind}.every_s", max(sweep.every, spent[0] / 1000 / reconcile.SHARE), 0
        look = self.cost(lambda: [self.cloud.runner.run_one() for _ in range(20)])
        looks = self.cost(lambda: [self.cloud.database.read(next_due) for _ in range(20)])
        dirty = self.cost(lambda: [reconcile.run_dirty(self.cloud.database, self.cloud.locate) for _ in range(20)])
        for name, (spent_on, statements) in (("operation", look), ("next", looks), ("dirty", dirty)):
            yield f"look.{name}", spent_on / 20, statements / 20
        share += (LOOKS_A_SECOND * look[0] + looks[0] + dirty[0]) / 20 / 10
        yield "idle_percent", share, 0
