"""One cloud on fakes and one browser for all tests of the dashboard."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.dashboard.site import PUBLIC_KEY, Site, Visit
from tests.end_to_end.clouds import REPOSITORY, Cloud

CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def built() -> None:
    """The files of the dashboard, as its sources are now, and the packages that tests use."""
    for command in ("packages", "build"):
        script = [sys.executable, REPOSITORY / "scripts" / "dashboard.py", command]
        subprocess.run(script, check=True, capture_output=True)


@pytest.fixture(scope="session")
def cloud(built: None) -> Iterator[Cloud]:
    made = Cloud(hypervisor="fake", network="fake", password_rounds="4")
    try:
        said = made.up()
        assert f"dashboard: http://127.0.0.1:{made.port}/" in said
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def site(cloud: Cloud) -> Site:
    made = Site(f"http://127.0.0.1:{cloud.port}", cloud.data / "clouds.yaml")
    made.quota(instances=200, cores=400, ram=200_000)
    made.image("debian-12")
    made.network("inside")
    return made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip("packages-test.txt is not installed")
    with sync_playwright() as playwright:
        shown = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield shown
        shown.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Opens browsers: `visit(language="ja", size="phone")`."""
    made: list[Visit] = []

    def begin(**how: Any) -> Visit:
        made.append(Visit(browser, site, **how))
        return made[-1]

    yield begin
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def described(site: Site) -> dict[str, str]:
    """One object of each resource that there is: resource → the path of its page."""
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    server = site.server("described", image, network)
    site.until_active(server)
    key = {"name": "described", "public_key": PUBLIC_KEY}
    site.ask("POST", "/compute/v2.1/os-keypairs", json={"keypair": key})
    volume = site.volume("described")
    snapshot = site.ask("POST", "/volume/v3/snapshots", json={"snapshot": {"volume_id": volume, "name": "described"}})
    group = site.ask("GET", "/network/v2.0/security-groups?name=default")["security_groups"][0]["id"]
    port = site.ask("GET", f"/network/v2.0/ports?device_id={server}")["ports"][0]["id"]
    subnet = site.ask("GET", f"/network/v2.0/subnets?network_id={network}")["subnets"][0]["id"]
    outside = {"network_id": site.ask("GET", "/network/v2.0/networks?name=public")["networks"][0]["id"]}
    router = {"name": "described", "external_gateway_info": outside}
    router = site.ask("POST", "/network/v2.0/routers", json={"router": router})["router"]["id"]
    address = {"floating_network_id": outside["network_id"]}
    address = site.ask("POST", "/network/v2.0/floatingips", json={"floatingip": address})["floatingip"]["id"]
    operation = site.ask("GET", f"/kumoi/v1/operations?subject=server/{server}")["operations"][0]["id"]
    volume_type = site.ask("GET", "/volume/v3/types/default")["volume_type"]["id"]
    apart = {"name": "described", "policy": "anti-affinity"}
    apart = site.ask("POST", "/compute/v2.1/os-server-groups", json={"server_group": apart})["server_group"]["id"]
    return {
        "volume_types": f"/volume_types/{volume_type}", "server_groups": f"/server_groups/{apart}",
        "operations": f"/operations/{operation}", "security_groups": f"/security_groups/{group}",
        "ports": f"/ports/{port}", "subnets": f"/subnets/{subnet}",
        "routers": f"/routers/{router}", "floating_ips": f"/floating_ips/{address}",
        "images": f"/images/{image}", "networks": f"/networks/{network}", "servers": f"/servers/{server}",
        "flavors": "/flavors/1", "keypairs": "/keypairs/described",
        "volumes": f"/volumes/{volume}", "snapshots": f"/snapshots/{snapshot['snapshot']['id']}",
    }  # fmt: skip
