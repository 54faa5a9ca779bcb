"""A dry run reports whether a server would find a host, and why not. Only admins see host names."""

from typing import Any

import pytest

from tests.services.compute import world as worlds

PATH = "/kumoi/v1/placement/dry-run"


@pytest.fixture
def world(cloud: Any) -> worlds.World:
    return worlds.make(cloud)


def test_what_fits(world: worlds.World) -> None:
    assert world.cloud.post(PATH, json={"flavor": "1"}).json == {"fits": True, "shortfall": []}
    admin = world.cloud.post(PATH, as_="admin", json={"flavor": "1"}).json
    assert admin["hosts"] == [{"name": "host-1", "reasons": []}]


def test_what_does_not_fit_says_why(world: worlds.World) -> None:
    question = {"resources": {"VCPU": 1, "MEMORY_MB": 40_000_000}, "required_traits": ["HW_CPU_X86_AVX2"]}
    member = world.cloud.post(PATH, json=question).json
    assert not member["fits"] and "hosts" not in member and "host-1" not in str(member)
    memory, trait = member["shortfall"]
    assert memory.startswith("the only host: at least ") and memory.endswith("MiB of memory short")
    assert trait == "the only host: lacks the trait HW_CPU_X86_AVX2"
    (host,) = world.cloud.post(PATH, as_="admin", json=question).json["hosts"]
    assert host["name"] == "host-1" and len(host["reasons"]) == 2


def test_nothing_is_claimed(world: worlds.World) -> None:
    from kumoi.services.placement import facade

    world.cloud.post(PATH, json={"flavor": "1"})
    assert world.cloud.database.read(facade.consumers) == []


def test_bad_questions(world: worlds.World) -> None:
    assert world.cloud.post(PATH, json={}).status_code == 400
    assert world.cloud.post(PATH, json={"flavor": "1", "resources": {"VCPU": 1}}).status_code == 400
    assert world.cloud.post(PATH, json={"flavor": "nobody's"}).status_code == 404
    assert world.cloud.post(PATH, json={"resources": {"VCPU": 0}}).status_code == 400
    assert world.cloud.post(PATH, as_="roleless", json={"flavor": "1"}).status_code == 403
