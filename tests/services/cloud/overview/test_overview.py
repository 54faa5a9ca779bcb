"""The overview: quotas of all services, what failed and why, and what happened."""

from typing import Any

import pytest

from kumoi.kernel import operations, quotas
from tests.architecture.test_costs import Plans
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.kernel.toys import MAKE
from tests.services.compute import world as worlds

PATH = "/kumoi/v1/overview"


@pytest.fixture
def world(cloud: Any) -> worlds.World:
    return worlds.make(cloud)


def overview(cloud: Any, as_: str = "member") -> Any:
    answer = cloud.get(PATH, as_=as_)
    assert answer.status_code == 200, answer.text
    return answer.json["overview"]


def figures(cloud: Any, as_: str = "member") -> dict[tuple[str, str], tuple[int, int]]:
    return {(one["service"], one["resource"]): (one["limit"], one["used"]) for one in overview(cloud, as_)["quotas"]}


def test_quotas_of_all_services(world: worlds.World) -> None:
    before = figures(world.cloud)
    world.boot()
    world.cloud.post("/compute/v2.1/os-keypairs", json={"keypair": {"name": "k"}}, version="2.90")
    after = figures(world.cloud)
    assert after["compute", "instances"] == (10, 1) and before["compute", "instances"] == (10, 0)
    assert after["compute", "key_pairs"] == (100, 1) and figures(world.cloud, "other")["compute", "key_pairs"] == (
        100,
        0,
    )
    assert after["network", "port"][1] == before["network", "port"][1] + 1
    counted = {key for key, quota in quotas.registry.items() if quota.is_counted}
    assert set(after) == counted and ("compute", "metadata_items") not in counted
    world.cloud.database.write(lambda tx: quotas.set_limit(tx, "compute", "instances", PROJECT, -1))
    assert figures(world.cloud)["compute", "instances"] == (-1, 1)


def failed(cloud: Any, project_id: str, name: str, state: str = "undone", **more: Any) -> str:
    def make(tx: Any) -> str:
        made = operations.begin(tx, MAKE, [f"thing/{name}"], {"id": name}, request_id="req-1", user_id="u",
                                project_id=project_id)  # fmt: skip
        operations.end(tx, made, state)
        tx.update(operations.operations, {"id": made}, fault="no host has room", **more)
        return str(made)

    found: str = cloud.database.write(make)
    return found


def test_what_failed_and_why(cloud: Any) -> None:
    mine, theirs = failed(cloud, PROJECT, "a"), failed(cloud, OTHER_PROJECT, "b")
    failed(cloud, PROJECT, "c", state="done")
    failed(cloud, PROJECT, "d", created_at=1)
    late = failed(cloud, PROJECT, "e", state="running", overdue=True)
    told = overview(cloud)["failures"]
    assert {one["operation_id"] for one in told} == {mine, late}
    (one,) = (one for one in told if one["operation_id"] == mine)
    assert (one["subjects"], one["reason"], one["request_id"]) == (["thing/a"], "no host has room", "req-1")
    assert {each["operation_id"] for each in overview(cloud, "system-reader")["failures"]} == {mine, theirs, late}


def test_what_was_settled_since_is_no_failure(cloud: Any) -> None:
    def later(tx: Any, operation: Any, name: str) -> str:
        made = operations.begin(tx, operation, [f"toy/{name}"], {"id": name}, request_id="req-2", user_id="u",
                                project_id=PROJECT)  # fmt: skip
        operations.end(tx, made, "done")
        return str(made)

    def undone(tx: Any, name: str) -> None:
        made = operations.begin(tx, MAKE, [f"toy/{name}"], {"id": name}, request_id="req-1", user_id="u",
                                project_id=PROJECT)  # fmt: skip
        operations.end(tx, made, "undone")

    for name in ("again", "gone", "left"):
        cloud.database.write(lambda tx, name=name: undone(tx, name))
    cloud.database.write(lambda tx: later(tx, MAKE, "again"))
    cloud.database.write(
        lambda tx: tx.update(operations.operations, {"id": later(tx, MAKE, "gone")}, kind="toy.delete")
    )
    cloud.database.write(lambda tx: tx.update(operations.operations, {"id": later(tx, MAKE, "left")}, kind="toy.other"))
    assert [one["subjects"] for one in overview(cloud)["failures"]] == [["toy/left"]]


def test_what_happened_newest_first(cloud: Any) -> None:
    for name in "abc":
        failed(cloud, PROJECT, name)
    failed(cloud, OTHER_PROJECT, "d")
    told = overview(cloud)["events"]
    assert [one["subject"] for one in told if one["kind"] == "toy.make.undone"] == ["thing/c", "thing/b", "thing/a"]


def test_no_more_than_a_page(cloud: Any) -> None:
    for number in range(25):
        failed(cloud, PROJECT, f"n{number}")
    told = overview(cloud)
    assert len(told["failures"]) == len(told["events"]) == 20


def test_a_system_has_no_quotas(cloud: Any) -> None:
    assert overview(cloud, "system-reader")["quotas"] == []
    assert cloud.get(PATH, as_="roleless").status_code == 403


@pytest.mark.parametrize("caller", ["member", "admin"])
def test_it_looks_through_no_table(cloud: Any, caller: str) -> None:
    with Plans(cloud) as plans:
        overview(cloud, caller)
    assert plans.found and plans.whole() == []
