"""Hosts and operations, as an operator looks at them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import problems

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def test_hosts_with_what_is_taken_of_them(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    someone = visit()
    page = someone.sign_in("admin", "/hosts")
    rows = page.locator(".table-row")
    expect(rows.first).to_contain_text("Up")
    before = rows.first.inner_text()
    server = site.server("on-a-host", image, network)
    site.until_active(server)
    expect(rows.first).not_to_have_text(before, use_inner_text=True)
    someone.picture("hosts")
    page.locator(".row-link").first.click()
    expect(page.get_by_role("meter", name="vCPUs")).to_be_visible()
    expect(page.get_by_role("region", name="Servers")).to_contain_text("on-a-host")
    assert problems(page) == []
    someone.picture("host")
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    site.until_gone(f"/compute/v2.1/servers/{server}")


def test_only_operators_see_hosts(visit: Begin) -> None:
    page = visit().sign_in(path="/operations")
    expect(page.get_by_role("heading", level=1)).to_have_text("Operations")
    expect(page.get_by_role("navigation").get_by_role("link", name="Hosts")).to_have_count(0)
    page.goto("/hosts")
    expect(page.get_by_text("There is nothing here")).to_be_visible()


def test_operations_of_one_state_with_their_steps(visit: Begin, site: Site) -> None:
    site.volume("worked-on")
    someone = visit()
    page = someone.sign_in(path="/operations")
    rows = page.locator(".table-row")
    expect(rows.filter(has_text="Create volume").first).to_contain_text("Done")
    page.get_by_label("State").select_option("undone")
    expect(rows.filter(has_text="Done")).to_have_count(0)
    page.get_by_label("State").select_option("done")
    assert "state=done" in page.url
    assert problems(page) == []
    someone.picture("operations")
    page.get_by_role("link", name="Create volume").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Create volume")
    expect(page.locator(".steps")).to_contain_text("Make the volume")
    someone.picture("operation")
    for each in site.ask("GET", "/volume/v3/volumes?name=worked-on")["volumes"]:
        site.ask("DELETE", f"/volume/v3/volumes/{each['id']}")
        site.until_gone(f"/volume/v3/volumes/{each['id']}")
