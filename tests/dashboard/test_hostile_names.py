"""Names are text, whatever they hold: in lists, details, windows, the palette, the topology, exports and the file browser."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.site import PUBLIC_KEY, Site, Visit
from tests.dashboard.test_every_page import go
from tests.end_to_end.clouds import until

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]

IMAGE = "<img src=x onerror=alert(1)>"
NAMES = (
    IMAGE,
    "\"'><script>alert(1)</script>",
    '=HYPERLINK("http://evil","\'x")',
    "مرحبا بالعالم",
    "\u202egnp.exe\u202c",
    "x" * 255,
)
"""The API may refuse one by 400. What it takes has to be shown."""


@dataclass(frozen=True)
class Kind:
    """`made`: the request that makes one of this name. `key`: its key in the answer; empty: the answer itself."""

    resource: str
    path: str
    key: str
    body: Callable[[str], dict[str, Any]]
    user: str = "demo"
    id: str = "id"
    title: str = "name"
    more: dict[str, str] = field(default_factory=dict)


def named(key: str, **more: Any) -> Callable[[str], dict[str, Any]]:
    return lambda name: {key: {"name": name, **more}}


@pytest.fixture(scope="module")
def kinds(site: Site) -> list[Kind]:
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    volume = site.volume("of-hostile-snapshots")
    me = site.ask("GET", "/identity/v3/auth/tokens", headers={"X-Subject-Token": site.token()})["token"]["user"]["id"]
    server = {"imageRef": image, "flavorRef": "1", "networks": [{"uuid": network}]}
    numbers = iter(range(1, 200))

    def subnet(name: str) -> dict[str, Any]:
        cidr = f"10.66.{next(numbers)}.0/24"
        return {"subnet": {"name": name, "network_id": network, "ip_version": 4, "cidr": cidr}}

    return [
        Kind("servers", "/compute/v2.1/servers", "server", named("server", **server)),
        Kind("keypairs", "/compute/v2.1/os-keypairs", "keypair", named("keypair", public_key=PUBLIC_KEY), id="name"),
        Kind("flavors", "/compute/v2.1/flavors", "flavor", named("flavor", vcpus=1, ram=64, disk=1), "admin"),
        Kind("images", "/image/v2/images", "", lambda name: {"name": name}),
        Kind("volumes", "/volume/v3/volumes", "volume", named("volume", size=1)),
        Kind("snapshots", "/volume/v3/snapshots", "snapshot", named("snapshot", volume_id=volume)),
        Kind("networks", "/network/v2.0/networks", "network", named("network")),
        Kind("routers", "/network/v2.0/routers", "router", named("router")),
        Kind("ports", "/network/v2.0/ports", "port", named("port", network_id=network)),
        Kind("security_groups", "/network/v2.0/security-groups", "security_group", named("security_group")),
        Kind("subnets", "/network/v2.0/subnets", "subnet", subnet),
        Kind("projects", "/identity/v3/projects", "project", named("project"), "admin"),
        Kind("users", "/identity/v3/users", "user", named("user"), "admin"),
        Kind("groups", "/identity/v3/groups", "group", named("group"), "admin"),
        Kind("roles", "/identity/v3/roles", "role", named("role"), "admin"),
        Kind("domains", "/identity/v3/domains", "domain", named("domain", enabled=False), "admin"),
        Kind(
            "application_credentials", f"/identity/v3/users/{me}/application_credentials", "application_credential",
            named("application_credential"),
        ),
    ]  # fmt: skip


def make(site: Site, kind: Kind) -> dict[str, str]:
    """Name → id of those that the API takes."""
    made = {}
    for name in NAMES:
        headers = {"X-Auth-Token": site.token(kind.user), "OpenStack-API-Version": "compute 2.96, volume 3.70"}
        answer = httpx.post(
            site.address + kind.path, json=kind.body(name), headers=headers, timeout=60, trust_env=False
        )
        assert answer.status_code in (200, 201, 202, 400), (
            f"{kind.resource} {name!r}: {answer.status_code} {answer.text}"
        )
        if answer.status_code != 400:
            body = answer.json()
            made[name] = str((body[kind.key] if kind.key else body)[kind.id])
    return made


def harmless(page: Page) -> None:
    assert page.evaluate("document.querySelectorAll('main img, main script, dialog img, dialog script').length") == 0


def cell(text: str) -> str:
    """A name as a spreadsheet gets it."""
    return f"'{text}" if text[0] in "=+-@" else text


def exported(page: Page) -> list[str]:
    """The names in the list's CSV."""
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_bytes().decode())))
    assert all(None not in row and None not in row.values() for row in rows)
    return [row["name"] for row in rows]


def test_names_of_every_resource_are_text(visit: Begin, site: Site, kinds: list[Kind]) -> None:
    made = {kind.resource: make(site, kind) for kind in kinds}
    assert all(IMAGE in ids for name, ids in made.items() if name != "keypairs")
    said: list[str] = []
    pages: dict[str, Page] = {}
    for user in ("demo", "admin"):
        someone = visit()
        someone.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        pages[user] = someone.sign_in(user)
    for kind in kinds:
        page, names = pages[kind.user], made[kind.resource]
        go(page, f"/{kind.resource}")
        for name in names:
            # A list shows only the rows that there is room for.
            page.get_by_role("searchbox").fill(name.split()[0][:40])
            expect(page.locator(".row-link").get_by_text(name, exact=True).first).to_be_visible()
            harmless(page)
        page.get_by_role("searchbox").fill("")
        told = exported(page)
        assert [name for name in names if cell(name) not in told] == [], kind.resource
        for name, id in names.items():
            go(page, f"/{kind.resource}/{quote(id, safe='')}")
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            harmless(page)
        menu = page.locator(".detail-head .menu > button")
        if names and menu.count() > 0:
            menu.click()
            if page.get_by_role("menuitem", name="Delete").count() > 0:
                page.get_by_role("menuitem", name="Delete").click()
                expect(page.get_by_role("dialog")).to_contain_text(list(names)[-1])
                harmless(page)
                page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
            else:
                page.keyboard.press("Escape")
    page = pages["demo"]
    go(page, "/topology")
    expect(page.locator("svg title").get_by_text(IMAGE, exact=True).first).to_be_attached()
    harmless(page)
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").fill("onerror")
    expect(page.locator(".palette-item").first).to_contain_text(IMAGE)
    harmless(page)
    page.keyboard.press("Escape")
    assert said == []
    for kind in reversed(kinds):
        for id in made[kind.resource].values():
            site.ask("DELETE", f"{kind.path}/{quote(id, safe='')}", kind.user)
            if kind.resource == "servers":
                site.until_gone(f"{kind.path}/{id}")


def test_names_of_containers_and_objects_are_text(visit: Begin, site: Site) -> None:
    me = site.ask("GET", "/identity/v3/auth/tokens", headers={"X-Subject-Token": site.token()})["token"]["project"][
        "id"
    ]
    account = f"{site.address}/object-store/v1/AUTH_{me}"
    headers = {"X-Auth-Token": site.token()}
    container = "<img src=x onerror=alert(1)>"
    with httpx.Client(timeout=60, trust_env=False, headers=headers) as http:
        assert http.put(f"{account}/{quote(container, safe='')}").status_code in (201, 202)
        for name in NAMES:
            put = http.put(f"{account}/{quote(container, safe='')}/{quote(name, safe='')}", content=b"text")
            assert put.status_code == 201, f"{name!r}: {put.text}"
        someone = visit()
        said: list[str] = []
        someone.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page = someone.sign_in(path="/objects")
        page.get_by_role("link", name=container).click()
        for name in NAMES:
            # A slash in a name is a folder.
            shown = re.split(r"(?<=/)", name)[0]
            expect(page.locator(".row-link").get_by_text(shown, exact=True).first).to_be_visible()
        harmless(page)
        go(page, f"/objects/{quote(container, safe='')}/{quote(IMAGE, safe='')}")
        expect(page.get_by_role("heading", level=1)).to_have_text(IMAGE)
        harmless(page)
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("dialog")).to_contain_text(IMAGE)
        harmless(page)
        assert said == []
        for name in NAMES:
            http.delete(f"{account}/{quote(container, safe='')}/{quote(name, safe='')}")
        until(
            "the container is gone",
            lambda: http.delete(f"{account}/{quote(container, safe='')}").status_code in (204, 404),
        )
