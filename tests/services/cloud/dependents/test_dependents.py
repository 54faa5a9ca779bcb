"""What hangs on a resource is what its deletion would do; and nothing is deleted."""

from typing import Any

import pytest

from kumoi import app
from kumoi.kernel import changes
from kumoi.services.cloud.dependents import live
from tests.services.compute import world as worlds

PATH = "/kumoi/v1/dependents"
V2 = "/network/v2.0"
app.load_services()


def ask(cloud: Any, resource: str, id: str, as_: str = "member", **more: Any) -> Any:
    return cloud.get(PATH, as_=as_, params={"resource": resource, "id": id, **more})


def told(answer: Any) -> set[tuple[str, str, str]]:
    assert answer.status_code == 200, answer.text
    return {(one["resource"], one["id"], one["effect"]) for one in answer.json["dependents"]}


def made(cloud: Any, kind: str, as_: str = "member", **values: Any) -> str:
    one = kind.removesuffix("s").replace("-", "_")
    answer = cloud.post(f"{V2}/{kind}", as_=as_, json={one: values})
    assert answer.status_code == 201, answer.text
    return str(answer.json[one]["id"])


@pytest.fixture
def network(cloud: Any) -> str:
    return made(cloud, "networks", name="n")


def test_what_goes_with_a_network(cloud: Any, network: str) -> None:
    subnet = made(cloud, "subnets", network_id=network, ip_version=4, cidr="10.9.0.0/24")
    answer = ask(cloud, "network", network)
    assert answer.json["refused"] is None
    assert ("subnet", subnet, "deleted") in told(answer)
    assert cloud.get(f"{V2}/networks/{network}").status_code == 200
    assert cloud.get(f"{V2}/subnets/{subnet}").status_code == 200
    before = cloud.database.read(changes.newest)
    ask(cloud, "network", network)
    assert cloud.database.read(changes.newest) == before


def test_what_refuses(cloud: Any, network: str) -> None:
    port = made(cloud, "ports", network_id=network)
    answer = ask(cloud, "network", network)
    refused = cloud.delete(f"{V2}/networks/{network}")
    assert answer.json["refused"] == {"code": refused.status_code, "message": refused.json["NeutronError"]["message"]}
    assert refused.status_code == 409 and ("port", port, "uses") in told(answer)
    group = made(cloud, "security-groups", name="g")
    using = made(cloud, "ports", network_id=network, security_groups=[group])
    answer = ask(cloud, "security_group", group)
    assert answer.json["refused"]["code"] == 409 and ("port", using, "uses") in told(answer)


def test_what_others_have_on_it_is_only_counted(cloud: Any) -> None:
    network = made(cloud, "networks", as_="admin", name="n", shared=True)
    theirs = made(cloud, "ports", as_="other", network_id=network)
    answer = ask(cloud, "network", network)
    assert answer.json["hidden"] == 1 and theirs not in {id for _, id, _ in told(answer)}
    assert ("port", theirs, "uses") in told(ask(cloud, "network", network, as_="admin"))


def test_who_may_only_see_it_learns_nothing_of_what_hangs_on_it(cloud: Any) -> None:
    network = made(cloud, "networks", as_="admin", name="n", shared=True)
    made(cloud, "ports", network_id=network)
    answer = ask(cloud, "network", network, as_="other")
    assert answer.json["refused"]["code"] == 403
    assert (answer.json["hidden"], answer.json["dependents"]) == (0, [])


def test_a_server(cloud: Any) -> None:
    world = worlds.make(cloud)
    server_id = world.boot()
    answer = ask(cloud, "server", server_id)
    assert answer.status_code == 200 and answer.json["refused"] is None
    assert world.show(server_id)["status"] == "ACTIVE" and cloud.audit() == []


def test_limits(cloud: Any, network: str) -> None:
    ports = [made(cloud, "ports", network_id=network) for _ in range(3)]
    answer = ask(cloud, "network", network, limit=2)
    assert len(answer.json["dependents"]) == 2 and answer.json["more"] is True
    whole = ask(cloud, "network", network)
    assert {id for kind, id, _ in told(whole) if kind == "port"} == set(ports) and whole.json["more"] is False


def test_who_may_ask(cloud: Any, network: str) -> None:
    assert ask(cloud, "network", network, as_="reader").status_code == 403
    assert ask(cloud, "network", network, as_="other").status_code == 404
    assert ask(cloud, "network", "00000000-0000-4000-8000-000000000000").status_code == 404
    assert ask(cloud, "flavor", "1").status_code == 403
    shared = made(cloud, "networks", as_="admin", name="n", shared=True)
    assert ask(cloud, "network", shared, as_="other").json["refused"]["code"] == 403


def test_what_is_no_resource(cloud: Any, network: str) -> None:
    wrong = ask(cloud, "thing", network)
    assert wrong.status_code == 400 and "security_group" in wrong.json["error"]["message"]
    for query in ("", "resource=network", f"id={network}", f"resource=network&id={network}&limit=0"):
        assert cloud.get(f"{PATH}?{query}").status_code == 400


def test_every_resource_that_can_be_deleted_has_its_route() -> None:
    found = {resource: f"{service.prefix}{route.path}" for resource, (service, route, _) in live._deletions().items()}
    assert (
        found["volume_type"] == "/volume/v3/types/{type_id}" and found["keypair"] == "/compute/v2.1/os-keypairs/{name}"
    )
    assert found["default_type"] == "/volume/v3/default-types/{owner_id}"
    assert found["floating_ip"] == "/network/v2.0/floatingips/{floating_ip_id}"
    resources = [
        each.resource for each in {(one.service, one.resource): one for one in changes.watched().values()}.values()
    ]
    assert len(resources) == len(set(resources)), "a resource is named once"
    without = {one for one in resources if one not in found and one != "box"}
    # These have no request of this form.
    assert without == {
        "operation",
        "quota",
        "host",
        "application_credential",
        "role_assignment",
        "volume_group",
    }, found
