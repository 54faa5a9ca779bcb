"""The window before a deletion says what the cloud would do."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import problems

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def ask_to_delete(page: Page) -> None:
    page.locator(".detail-head").get_by_role("button", name=re.compile("^Actions of")).click()
    page.get_by_role("menuitem", name="Delete").click()


def test_what_refuses_a_deletion_is_shown_with_links(visit: Begin, site: Site) -> None:
    network = site.network("asked-about")
    made = site.ask("POST", "/network/v2.0/ports", json={"port": {"network_id": network, "name": "in-the-way"}})["port"]
    site.ask("PUT", f"/network/v2.0/ports/{made['id']}", "admin", json={"port": {"device_owner": "compute:nova"}})
    someone = visit()
    page = someone.sign_in(path=f"/networks/{network}")
    ask_to_delete(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The cloud would refuse this now:")
    expect(dialog).to_contain_text("in use")
    expect(dialog.get_by_role("link", name="in-the-way")).to_be_visible()
    assert problems(page) == []
    someone.picture("delete-refused")
    dialog.get_by_role("link", name="in-the-way").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("in-the-way")
    site.ask("DELETE", f"/network/v2.0/ports/{made['id']}")

    page.goto(f"/networks/{network}")
    ask_to_delete(page)
    expect(dialog).to_contain_text("Deleted with it")
    expect(dialog).to_contain_text("asked-about")
    expect(dialog).not_to_contain_text("would refuse")
    page.keyboard.press("Escape")
    site.ask("DELETE", f"/network/v2.0/networks/{network}")


def test_a_cloud_that_does_not_say_it_is_no_hindrance(visit: Begin, site: Site) -> None:
    volume = site.volume("unsaid")
    copy = site.ask("POST", "/volume/v3/snapshots", json={"snapshot": {"volume_id": volume, "name": "of-unsaid"}})
    someone = visit()
    someone.page.route(
        "**/dependents?*", lambda route: route.fulfill(status=500, json={"error": {"message": "broken"}})
    )
    page = someone.sign_in(path=f"/volumes/{volume}")
    ask_to_delete(page)
    expect(page.get_by_role("dialog")).to_contain_text("of-unsaid")
    expect(page.get_by_role("dialog").get_by_role("button", name="Delete")).to_be_enabled()
    page.keyboard.press("Escape")
    for path in (f"snapshots/{copy['snapshot']['id']}", f"volumes/{volume}"):
        site.ask("DELETE", f"/volume/v3/{path}")
        site.until_gone(f"/volume/v3/{path}")
