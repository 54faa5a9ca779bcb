"""No common request scans a whole table, as SQLite's query plan of each statement shows."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from kumoi import app
from kumoi.kernel import reconcile, rows
from kumoi.kernel.runner import next_due
from tests.cloud import PROJECT, Cloud

COMPUTE, NETWORK, VOLUME = "/compute/v2.1", "/network/v2.0", f"/volume/v3/{PROJECT}"
SMALL = frozenset({
    "compute_hosts", "compute_host_heartbeats", "compute_flavors", "compute_flavor_extra_specs", "kernel_sweeps",
    "kernel_quota_limits", "identity_roles", "identity_role_implications", "identity_regions", "identity_services",
    "identity_endpoints", "placement_resource_providers", "block_storage_volume_types",
    "block_storage_qos_specs", "block_storage_group_types", "networks", "network_networks",
    "network_subnetpools", "compute_flavor_access",
    "compute_aggregates", "compute_aggregate_hosts",
})  # fmt: skip
"""Tables whose rows only admins create, or that are as small as those of hosts and networks."""

COMMON = [
    (f"{COMPUTE}/servers?limit=20", "member"),
    (f"{COMPUTE}/servers/detail?limit=20", "member"),
    (f"{COMPUTE}/servers/detail?limit=20&all_tenants=1", "admin"),
    (f"{COMPUTE}/servers?limit=20&name=web", "member"),
    (f"{COMPUTE}/servers?limit=20&name=^web$", "member"),
    (f"{COMPUTE}/servers?limit=20&ip=10.0.0.1", "member"),
    (f"{COMPUTE}/servers?limit=20&status=ACTIVE", "member"),
    (f"{COMPUTE}/servers?limit=20&status=ERROR&all_tenants=1", "admin"),
    (f"{COMPUTE}/servers?limit=20&host=h&all_tenants=1", "admin"),
    (f"{COMPUTE}/servers?limit=20&changes-since=2026-01-01T00:00:00Z", "member"),
    (f"{COMPUTE}/servers?limit=20&changes-since=2026-01-01T00:00:00Z&all_tenants=1", "admin"),
    (f"{COMPUTE}/servers?limit=20&deleted=True&all_tenants=1", "admin"),
    (f"{COMPUTE}/limits", "member"),
    (f"{COMPUTE}/os-server-groups?limit=20", "member"),
    (f"{COMPUTE}/os-server-groups?limit=20&all_projects=1", "admin"),
    (f"{COMPUTE}/os-simple-tenant-usage/{PROJECT}", "member"),
    (f"{COMPUTE}/os-hypervisors/detail", "admin"),
    (f"{NETWORK}/ports?limit=20", "member"),
    (f"{NETWORK}/ports?limit=20", "admin"),
    (f"{NETWORK}/ports?limit=20&name=web", "member"),
    (f"{NETWORK}/ports?limit=20&name=web", "admin"),
    (f"{NETWORK}/ports?limit=20&status=DOWN", "member"),
    (f"{NETWORK}/ports?limit=20&status=DOWN", "admin"),
    (f"{NETWORK}/ports?device_id=x", "member"),
    (f"{NETWORK}/ports?mac_address=fa:16:3e:00:00:01", "member"),
    (f"{NETWORK}/ports?network_id=x&limit=20", "member"),
    (f"{NETWORK}/ports?fixed_ips=ip_address%3D10.0.0.1", "member"),
    (f"{NETWORK}/quotas/{PROJECT}/details.json", "admin"),
    (f"{NETWORK}/security-group-rules?limit=20", "member"),
    (f"{NETWORK}/security-group-rules?limit=20", "admin"),
    (f"{NETWORK}/security-group-rules?security_group_id=x", "member"),
    (f"{NETWORK}/security-groups?limit=20", "member"),
    (f"{NETWORK}/floatingips?limit=20", "member"),
    (f"{NETWORK}/floatingips?port_id=x", "member"),
    (f"{VOLUME}/volumes/detail?limit=20", "member"),
    (f"{VOLUME}/volumes/detail?limit=20&all_tenants=1", "admin"),
    (f"{VOLUME}/volumes?limit=20&name=x", "member"),
    (f"{VOLUME}/volumes?limit=20&status=available", "member"),
    (f"{VOLUME}/volumes?limit=20&status=error&all_tenants=1", "admin"),
    (f"{VOLUME}/snapshots/detail?limit=20", "member"),
    (f"{VOLUME}/backups/detail?limit=20", "member"),
    (f"{VOLUME}/backups/detail?limit=20&all_tenants=1", "admin"),
    (f"{VOLUME}/os-volume-transfer/detail?limit=20", "member"),
    (f"{VOLUME}/volumes/detail?limit=20&group_id=x", "member"),
    ("/image/v2/images?limit=20", "member"),
    ("/image/v2/images?limit=20&name=x", "member"),
    ("/kumoi/v1/events?limit=20", "admin"),
    ("/kumoi/v1/events?before=0&limit=20&kind=server", "admin"),
    ("/kumoi/v1/events?before=0&since=2026-01-01T00:00:00&until=2027-01-01T00:00:00", "member"),
    ("/kumoi/v1/operations?limit=20", "admin"),
]  # fmt: skip
"""Path and caller: by project, of all projects, by name, by status, by related resource."""


def plain_lists() -> list[tuple[str, str]]:
    """The lists whose query is a `rows.ListQuery`, as members and admins ask for them. They need not be in COMMON."""
    found = []
    for service in app.load_services():
        for route in service.each():
            if route.method != "GET" or "{" in route.path:
                continue
            if isinstance(route.query, type) and issubclass(route.query, rows.ListQuery):
                path = f"{service.prefix}{route.path}?limit=20"
                named = [f"{path}&name=x"] if "name" in route.query.__struct_fields__ else []
                callers = ("admin",) if route.policy.role == "admin" else ("member", "admin")
                found += [(one, who) for one in (path, *named) for who in callers]
    return found


LISTS = [*COMMON, *plain_lists()]

FEW = (
    "device_id",
    "mac_address",
    "security_group_id",
    "port_id",
    "network_id",
    "group_id",
    "fixed_ips",
    "host",
    "ip",
    "changes-since",
)
"""Filters that match few rows, which may be sorted."""
SORTED = ("/image/v2/images",)
"""Lists that sort all rows visible to the caller: its own, public and shared images. May only shrink."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    made = Cloud(folder, f"sqlite:///{folder / 'kumoi.db'}")
    yield made
    made.close()


class Plans:
    """The query plans of all statements on a cloud's database while it listens."""

    def __init__(self, cloud: Cloud) -> None:
        self.engines = (cloud.database._reader, cloud.database._writer)
        self.found: list[tuple[str, str]] = []

    def __enter__(self) -> "Plans":
        for engine in self.engines:
            sa.event.listen(engine, "after_cursor_execute", self._explain)
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self.engines:
            sa.event.remove(engine, "after_cursor_execute", self._explain)

    def _explain(self, connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            raw = connection.connection.driver_connection
            values = parameters[0] if parameters and isinstance(parameters, list) else parameters
            for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall():
                self.found.append((row[3], statement))

    def whole(self) -> list[str]:
        """Steps that read a whole large table, other than a page in the order of an index. A table named anon is
        another step's page."""
        wrong = []
        for step, statement in self.found:
            scanned = re.match(r"SCAN (?!CONSTANT|anon_)(\w+)", step)
            if scanned and "USING" not in step and scanned[1] not in SMALL:
                wrong.append(f"{step}: {statement}")
        return wrong

    def sorted(self) -> list[str]:
        """Statements that find all rows and then sort them for a page. Of alternatives, those after the first (others'
        rows on the caller's own resources) are few, and SQLite sorts the page of each again to merge them."""
        steps = [statement for step, statement in self.found if step == "USE TEMP B-TREE FOR ORDER BY"]
        allowed = {one: 2 * one.count("UNION ALL") + 1 if "UNION ALL" in one else 0 for one in steps}
        return [one for one in steps if "LIMIT" in one and steps.count(one) > allowed[one]]


@pytest.mark.parametrize(("path", "who"), LISTS, ids=[f"{path} {who}" for path, who in LISTS])
def test_a_common_list_looks_through_no_table(cloud: Cloud, path: str, who: str) -> None:
    with Plans(cloud) as plans:
        answer = cloud.get(path, as_=who)
    assert answer.status_code == 200, answer.text
    assert plans.found
    assert plans.whole() == [], "the list needs an index, such as (project_id, created_at, id) or (created_at, id)"
    if not path.startswith(SORTED) and not any(f"{name}=" in path for name in FEW):
        assert plans.sorted() == [], "the list needs an index that ends in the columns of its order: created_at, id"


@pytest.mark.parametrize(
    "path",
    [
        f"{COMPUTE}/servers?ip=10.0.0.1",
        f"{COMPUTE}/servers?ip=^10%5C.0%5C.0%5C.1$",
        f"{COMPUTE}/servers?ip6=^fd00::1$&limit=20",
        f"{COMPUTE}/servers?name=^web$",
        f"{NETWORK}/ports?device_id=x",
        f"{NETWORK}/ports?mac_address=fa:16:3e:00:00:01&limit=20",
        f"{NETWORK}/ports?fixed_ips=ip_address%3D10.0.0.1",
    ],
)
def test_a_filter_that_leaves_few_rows_is_asked_first(cloud: Cloud, path: str) -> None:
    """SQLite would rather read all of a project in the list's order than sort the few."""
    with Plans(cloud) as plans:
        answer = cloud.get(path, as_="member", version="2.90" if path.startswith(COMPUTE) else None)
    assert answer.status_code == 200, answer.text
    assert plans.whole() == []
    steps = [step for step, _ in plans.found]
    assert [step for step in steps if re.search(r"_page|_page_of_project", step)] == []


def test_an_idle_runner_looks_through_no_table(cloud: Cloud) -> None:
    with Plans(cloud) as plans:
        cloud.runner.run_one()
        cloud.runner.renew()
        cloud.database.read(next_due)
        cloud.database.read(reconcile.next_due)
        reconcile.run_dirty(cloud.database, cloud.locate)
    assert plans.found and plans.whole() == []
    due = [step for step, statement in plans.found if "kernel_" in statement]
    assert {step.rpartition(" ")[2] for step in due if "_due" in step}, "the partial indexes are used"


def test_servers_of_hosts_are_counted_in_an_index(cloud: Cloud) -> None:
    """Those with an active operation are found in it, instead of among all."""
    with Plans(cloud) as plans:
        assert cloud.get(f"{COMPUTE}/os-hypervisors/detail", as_="admin").status_code == 200
    steps = [step for step, statement in plans.found if "count(" in statement and "compute_servers" in step]
    assert steps and all("COVERING INDEX" in step for step in steps)
    assert any("host=? AND task_state>?" in step for step in steps)


@pytest.mark.parametrize(
    ("path", "who"),
    [
        (f"{COMPUTE}/limits", "member"),
        (f"{NETWORK}/quotas/{PROJECT}/details.json", "admin"),
        (f"{VOLUME}/os-quota-sets/{PROJECT}?usage=true", "admin"),
    ],
)
def test_quotas_are_kept_counts(cloud: Cloud, path: str, who: str) -> None:
    """No row of a project is read. Key pairs are a user's, who has few."""
    with Plans(cloud) as plans:
        assert cloud.get(path, as_=who).status_code == 200
    counting = {step for step, statement in plans.found if re.search(r"\b(count|sum)\(", statement)}
    assert {step for step in counting if "compute_keypairs" not in step} == {
        "SEARCH kernel_counts USING PRIMARY KEY (holder=? AND name=?)"
    }
