"""Volumes and snapshots, as a person works with them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.site import Site, Visit

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def choose(page: Page, action: str) -> None:
    """An action of the object that is shown, from its menu."""
    page.locator(".detail-head").get_by_role("button", name=re.compile("^Actions of")).click()
    page.get_by_role("menuitem", name=action).click()


def follow(page: Page, section: str, name: str) -> None:
    page.get_by_role("region", name=section).get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_volume_is_made_extended_copied_attached_and_deleted(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    server = site.server("with-a-volume", image, network)
    someone = visit()
    page = someone.sign_in(path="/volumes/new")
    page.get_by_label("Name").fill("data")
    page.get_by_label("Size").fill("2")
    expect(page.get_by_text("openstack volume create")).to_contain_text("--size=2")
    someone.picture("new-volume")
    page.get_by_role("button", name="Create", exact=True).click()
    status, dialog = page.locator(".detail-head .status"), page.get_by_role("dialog")
    expect(page.get_by_role("heading", level=1)).to_have_text("data")
    expect(status).to_have_text("Available")

    page.get_by_role("button", name="Extend").click()
    expect(dialog.get_by_label("New size")).to_have_value("3")
    dialog.get_by_label("New size").fill("2")
    dialog.get_by_role("button", name="Extend").click()
    expect(dialog.get_by_text("At least 3.")).to_be_visible()
    dialog.get_by_label("New size").fill("5")
    dialog.get_by_role("button", name="Extend").click()
    expect(page.locator(".facts-top")).to_contain_text("5 GiB")
    expect(status).to_have_text("Available")

    page.get_by_role("button", name="Take a snapshot").click()
    dialog.get_by_label("Name").fill("data-before")
    dialog.get_by_role("button", name="Take a snapshot").click()
    follow(page, "Snapshots", "data-before")
    expect(status).to_have_text("Available")
    page.get_by_role("button", name="Create a volume from it").click()
    expect(page.get_by_label("Made from")).to_have_value("snapshot")
    page.get_by_label("Name").fill("data-copy")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("data-copy")
    expect(page.locator(".facts-top")).to_contain_text("5 GiB")
    expect(status).to_have_text("Available")

    site.until_active(server)
    page.get_by_role("button", name="Attach to a server").click()
    dialog.get_by_label("Server").select_option("with-a-volume")
    dialog.get_by_role("button", name="Attach to a server").click()
    expect(status).to_have_text("In use")
    expect(page.locator(".facts-top").get_by_role("link", name="with-a-volume")).to_be_visible()
    someone.picture("volume")
    page.get_by_role("button", name="Detach").click()
    dialog.get_by_role("button", name="Detach").click()
    expect(status).to_have_text("Available")

    page.get_by_role("link", name="Volumes").first.click()
    rows = page.locator(".table-row").filter(has_text="data")
    expect(rows).to_have_count(2)
    someone.picture("volumes")
    rows.filter(has_text="data-copy").get_by_role("checkbox").click()
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="data", exact=True).click()
    choose(page, "Delete")
    expect(dialog).to_contain_text("data-before")
    page.keyboard.press("Escape")
    for path in ("snapshots", "volumes"):
        found = site.ask("GET", f"/volume/v3/{path}/detail")[path]
        for each in [each for each in found if each["name"].startswith("data")]:
            site.ask("DELETE", f"/volume/v3/{path}/{each['id']}")
            site.until_gone(f"/volume/v3/{path}/{each['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_count(0)
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
