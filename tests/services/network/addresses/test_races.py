"""With any number of concurrent requests an address belongs to one port, on every database."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

from kumoi.services.network.service import SERVICE
from tests.cloud import Cloud
from tests.services.network.conftest import V2, Networks

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
    answers: list[Any] = []
    begin = threading.Barrier(ASKING)

    def ask() -> None:
        begin.wait()
        for _ in range(EACH):
            answers.append(cloud.post(f"{V2}/ports", json={"port": {"network_id": network["id"]}}))

    threads = [threading.Thread(target=ask) for _ in range(ASKING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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
    bodies = [{"network_id": network["id"]}] * 6
    explicit = {"network_id": network["id"], "fixed_ips": [{"ip_address": "10.0.0.77"}]}
    answers: list[Any] = []
    begin = threading.Barrier(9)

    def ask(as_: str, body: dict[str, Any]) -> None:
        begin.wait()
        answers.append((as_, cloud.post(f"{V2}/ports", as_=as_, json={"port": body})))

    threads = [threading.Thread(target=ask, args=("other", body)) for body in bodies]
    threads += [threading.Thread(target=ask, args=("admin", explicit)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    by_other = Counter(answer.status_code for as_, answer in answers if as_ == "other")
    by_admin = Counter(answer.status_code for as_, answer in answers if as_ == "admin")
    assert by_other == {201: 3, 409: 3} and by_admin == {201: 1, 409: 2}
    assert len(net.list("security-groups", as_="other")) == 1
    cloud.close()


def test_first_and_random_addresses_of_a_large_subnet(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", services=[SERVICE])
    net = Networks(cloud)
    net.network("10.0.0.0/16")
    (metadata,) = net.list("ports")
    assert metadata["fixed_ips"][0]["ip_address"] == "10.0.0.2"
    cloud.close()
