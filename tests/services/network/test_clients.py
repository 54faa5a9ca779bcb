"""openstacksdk and the `openstack` command, unmodified, against the service on a loopback socket."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
from waitress.server import create_server

from tests.replies import Checked
from tests.waits import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")


@pytest.fixture
def endpoint(cloud: Any) -> Iterator[str]:
    server = create_server(Checked(cloud.api), host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}/network"
    server.close()


@pytest.fixture
def sdk(endpoint: str) -> Any:
    return openstack.connection.Connection(
        auth_type="admin_token", auth={"endpoint": endpoint, "token": "admin"}, network_api_version="2"
    ).network


def test_a_way_to_the_outside(cloud: Any, sdk: Any) -> None:
    public = sdk.create_network(
        name="public", is_router_external=True, provider_network_type="flat", provider_physical_network="external"
    )
    sdk.create_subnet(network_id=public.id, ip_version=4, cidr="172.24.4.0/24", is_dhcp_enabled=False)
    private = sdk.create_network(name="private")
    subnet = sdk.create_subnet(network_id=private.id, ip_version=4, cidr="10.0.0.0/24", dns_nameservers=["1.1.1.1"])
    router = sdk.create_router(name="demo", external_gateway_info={"network_id": public.id})
    sdk.add_interface_to_router(router, subnet_id=subnet.id)
    port = sdk.create_port(network_id=private.id, name="p")
    floating = sdk.create_ip(floating_network_id=public.id, port_id=port.id)
    cloud.settle()
    assert sdk.get_ip(floating).status == "ACTIVE"
    assert [one.id for one in sdk.ports(fixed_ips=f"ip_address={port.fixed_ips[0]['ip_address']}")] == [port.id]
    assert sdk.find_network("private").id == private.id
    group = sdk.create_security_group(name="web")
    rule = sdk.create_security_group_rule(
        security_group_id=group.id, direction="ingress", protocol="tcp", port_range_min=80, port_range_max=80
    )
    assert rule.remote_ip_prefix is None
    sdk.update_port(port, security_groups=[group.id], if_revision=sdk.get_port(port).revision_number)
    sdk.set_tags(port, ["a", "b"])
    assert sdk.get_port(port).tags == ["a", "b"]
    assert sdk.find_extension("router") is not None
    assert [zone.name for zone in sdk.availability_zones()] == ["nova", "nova"]
    sdk.delete_ip(floating)
    sdk.delete_port(port)
    sdk.delete_security_group(group)
    sdk.remove_interface_from_router(router, subnet_id=subnet.id)
    sdk.delete_router(router)
    sdk.delete_network(private)
    sdk.delete_network(public)
    assert list(sdk.networks()) == list(sdk.ports()) == []


def test_the_sdk_walks_pages(sdk: Any) -> None:
    made = {sdk.create_network(name=f"n{number}").id for number in range(5)}
    assert {network.id for network in sdk.networks(limit=2)} == made


def test_the_command(endpoint: str) -> None:
    def run(*words: str) -> Any:
        command = [str(Path(sys.executable).parent / "openstack"), "--os-auth-type", "admin_token", "--os-endpoint",
                   endpoint, "--os-token", "member", *words, "-f", "json"]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=3 * PATIENCE, env={**os.environ, "HOME": "/tmp"}
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    network = run("network", "create", "private", "--mtu", "1400", "--tag", "x")
    assert network["mtu"] == 1400 and network["tags"] == ["x"]
    run("subnet", "create", "--network", "private", "--subnet-range", "10.0.0.0/24", "private")
    rule = run("security", "group", "rule", "create", "--proto", "tcp", "--dst-port", "22", "default")
    assert rule["port_range_min"] == 22 and rule["remote_ip_prefix"] == "0.0.0.0/0"
    listed = run("network", "list", "--long")
    assert listed[0]["Name"] == "private" and listed[0]["Network Type"] is None
