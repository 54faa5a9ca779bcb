"""Kumoi's own API: operations, ordered events, and a description of every service."""

from typing import Any

import pytest

from kumoi.kernel import events, operations
from kumoi.kernel.routes import declared
from tests.cloud import OTHER_PROJECT, PROJECT
from tests.kernel.toys import MAKE


def begin(cloud: Any, project_id: str, name: str) -> str:
    found: str = cloud.database.write(
        lambda tx: operations.begin(tx, MAKE, [f"thing/{name}"], {"id": name}, request_id="req-7", user_id="u",
                                    project_id=project_id)
    )  # fmt: skip
    return found


def test_operations_of_ones_own_project(cloud: Any) -> None:
    mine, theirs = begin(cloud, PROJECT, "a"), begin(cloud, OTHER_PROJECT, "b")
    assert [row["id"] for row in cloud.get("/kumoi/v1/operations").json["operations"]] == [mine]
    assert cloud.get(f"/kumoi/v1/operations/{theirs}").status_code == 404
    assert len(cloud.get("/kumoi/v1/operations", as_="admin").json["operations"]) == 2
    found = cloud.get("/kumoi/v1/operations?subject=thing/b", as_="admin").json["operations"][0]
    assert (found["request_id"], found["subjects"]) == ("req-7", ["thing/b"])
    shown = cloud.get(f"/kumoi/v1/operations/{mine}").json["operation"]
    assert shown["subjects"] == ["thing/a"]


def test_events_are_read_in_order_from_where_one_was(cloud: Any) -> None:
    for name in "abc":
        begin(cloud, PROJECT, name)
    first = cloud.get("/kumoi/v1/events?limit=2").json["events"]
    assert [event["kind"] for event in first] == ["toy.make.begun"] * 2
    rest = cloud.get(f"/kumoi/v1/events?after={first[-1]['id']}").json["events"]
    assert [event["subject"] for event in rest] == ["thing/c"]
    assert cloud.get("/kumoi/v1/events?limit=0").status_code == 400


def test_old_events_go(cloud: Any) -> None:
    begin(cloud, PROJECT, "a")
    cloud.database.write(lambda tx: tx.execute(events.events.update().values(at=1)))
    assert cloud.database.write(events.forget_old) == 1


@pytest.mark.parametrize("service", sorted(declared))
def test_every_service_describes_itself(cloud: Any, service: str) -> None:
    document = cloud.get(f"/kumoi/v1/openapi/{service}", as_=None).json
    assert document["openapi"] == "3.1.0" and document["paths"]
    assert cloud.get("/kumoi/v1/openapi/nothing", as_=None).status_code == 404
