"""With any number of concurrent requests an address belongs to one port, on every database."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from kumoi.services.network.service import SERVICE
from tests.cloud import Cloud
from tests.services.network.conftest import V2, Networks
from tests.waits import at_once

ASKING = 8
EACH = 4
FREE = 11
"""Of a /28: 14 hosts, without the gateway, metadata, and one address that is already used."""


def test_a_nearly_full_subnet_gives_each_free_address_once(database_url: str, tmp_path: Path) -> None:
    create = database_url.startswith("sqlite")
    cloud = Cloud(tmp_path, database_url, services=[SERVICE], create=create)
    net = Networks(cloud)
    network = net.network("10.0.0.0/28")
    net.make("ports", network_id=network["id"])

    def ask() -> list[Any]:
        return [cloud.post(f"{V2}/ports", json={"port": {"network_id": network["id"]}}) for _ in range(EACH)]

    answers = [answer for each in at_once([ask] * ASKING) for answer in each]
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {201: FREE, 409: ASKING * EACH - FREE}, [a.text for a in answers if a.status_code == 500][:1]
    refused = {a.json["NeutronError"]["type"] for a in answers if a.status_code == 409}
    assert refused == {"IpAddressGenerationFailure"}
    given = [port["fixed_ips"][0]["ip_address"] for port in net.list("ports", as_="admin")]
    assert len(given) == len(set(given)) == FREE + 2
    cloud.close()


def test_one_explicit_address_one_quota_one_default_group(database_url: str, tmp_path: Path) -> None:
    create = database_url.startswith("sqlite")
    cloud = Cloud(tmp_path, database_url, services=[SERVICE], create=create)
    net = Networks(cloud)
    network = net.network("10.0.0.0/24", as_="admin", shared=True, project_id="3" * 32)
    cloud.put(f"{V2}/quotas/{'2' * 32}", as_="admin", json={"quota": {"port": 3}})
    explicit = {"network_id": network["id"], "fixed_ips": [{"ip_address": "10.0.0.77"}]}

    def ask(as_: str, body: dict[str, Any]) -> Any:
        return cloud.post(f"{V2}/ports", as_=as_, json={"port": body})

    by_other, by_admin = (
        [partial(ask, "other", {"network_id": network["id"]})] * 6,
        [partial(ask, "admin", explicit)] * 3,
    )
    statuses = [answer.status_code for answer in at_once([*by_other, *by_admin])]
    assert sorted(statuses[:6]) == [201] * 3 + [409] * 3 and sorted(statuses[6:]) == [201] + [409] * 2
    assert len(net.list("security-groups", as_="other")) == 1
    cloud.close()


def test_first_and_random_addresses_of_a_large_subnet(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", services=[SERVICE])
    net = Networks(cloud)
    net.network("10.0.0.0/16")
    (metadata,) = net.list("ports")
    assert metadata["fixed_ips"][0]["ip_address"] == "10.0.0.2"
    cloud.close()
