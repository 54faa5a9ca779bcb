"""Bodies of the network API with values that no database and no topology can store."""

from typing import Any

import pytest

V2 = "/network/v2.0"


@pytest.mark.parametrize(
    "body", [b'{"network": {"name": "a\\u0000b"}}', b'{"networks": [{"network": {"name": "n", "tags": ["\\u0000"]}}]}']
)
def test_no_text_holds_a_nul(cloud: Any, net: Any, body: bytes) -> None:
    refused = cloud.post(f"{V2}/networks", body=body, headers={"Content-Type": "application/json"})
    assert "NUL" in net.refused(refused, 400, "HTTPBadRequest")
    assert net.list("networks") == []


def test_the_options_of_a_port_do_not_grow_without_end(cloud: Any, net: Any) -> None:
    """A change adds to those that the port has, and each list that shows it reads all of them."""

    def options(prefix: str, count: int) -> list[dict[str, str]]:
        return [{"opt_name": f"{prefix}{number}", "opt_value": "1"} for number in range(count)]

    port = net.make("ports", network_id=net.network()["id"], extra_dhcp_opts=options("a", 100))
    refused = cloud.put(f"{V2}/ports/{port['id']}", json={"port": {"extra_dhcp_opts": options("b", 1)}})
    assert "extra_dhcp_opts" in net.refused(refused, 400, "InvalidInput")
    gone = [{"opt_name": "a0", "opt_value": None}]
    net.set("ports", port["id"], extra_dhcp_opts=[*gone, *options("b", 1)])
