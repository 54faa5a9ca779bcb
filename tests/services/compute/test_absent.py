"""Absent parts of compute: lists are empty, and creating one is refused with a message; the list of extensions."""

from typing import Any

import pytest

from tests.cloud import OTHER_PROJECT, PROJECT
from tests.services.compute.world import LATEST, World

V2 = "/compute/v2.1"


@pytest.mark.parametrize(
    ("path", "name", "as_"),
    [
        ("/os-server-groups", "server_groups", "reader"), ("/os-simple-tenant-usage", "tenant_usages", "admin"),
        ("/os-aggregates", "aggregates", "admin"), ("/os-migrations", "migrations", "admin"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["2.1", LATEST])
def test_an_empty_list(cloud: Any, path: str, name: str, as_: str, version: str) -> None:
    answered = cloud.get(V2 + path, as_=as_, version=version)
    assert (answered.status_code, answered.json) == (200, {name: []})


def test_the_usage_of_a_project(cloud: Any) -> None:
    path = f"{V2}/os-simple-tenant-usage"
    assert cloud.get(f"{path}/{PROJECT}").json == {"tenant_usage": {}}
    assert cloud.get(f"{path}/{OTHER_PROJECT}").status_code == 403
    assert cloud.get(f"{path}/{OTHER_PROJECT}", as_="admin").json == {"tenant_usage": {}}


@pytest.mark.parametrize(("path", "as_"), [("/os-server-groups", "member"), ("/os-aggregates", "admin")])
def test_making_one_is_refused_in_words(cloud: Any, path: str, as_: str) -> None:
    refused = cloud.post(V2 + path, as_=as_, json={})
    assert refused.status_code == 501
    assert "not built" in refused.json["notImplemented"]["message"]


def test_extensions(cloud: Any) -> None:
    listed = cloud.get(f"{V2}/extensions").json["extensions"]
    (keypairs,) = (each for each in listed if each["alias"] == "os-keypairs")
    assert keypairs["name"] == "Keypairs"
    assert cloud.get(f"{V2}/extensions/os-keypairs").json == {"extension": keypairs}
    assert cloud.get(f"{V2}/extensions/os-fping").status_code == 404


def test_a_member_is_told_that_a_crash_dump_is_not_built(world: World) -> None:
    server_id = world.boot()
    refused = world.act(server_id, "trigger_crash_dump")
    assert refused.status_code == 501
    assert "trigger_crash_dump" in refused.json["notImplemented"]["message"]


def test_a_refusal_by_policy_names_the_action(world: World) -> None:
    """One function makes the handlers of all absent actions; its own name says nothing to a client."""
    server_id = world.boot()
    refused = world.act(server_id, "migrate")
    assert refused.status_code == 403
    assert "server_actions.migrate" in refused.json["forbidden"]["message"]
