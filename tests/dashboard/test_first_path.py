"""From the sign-in to a running server and back, as a person with a mouse walks it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.dashboard.site import Site, Visit

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def test_sign_in_and_overview(visit: Begin) -> None:
    someone = visit()
    someone.open()
    someone.picture("sign-in")
    someone.page.locator("#user").fill("demo")
    someone.page.locator("#password").fill("wrong")
    someone.page.get_by_role("button", name="Sign in").click()
    expect(someone.page.get_by_role("alert")).to_contain_text("knows no such user")
    page = someone.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("demo")
    expect(page.get_by_role("meter", name="Servers")).to_be_visible()
    someone.picture("overview")


def test_a_reload_goes_on_and_signing_out_ends_it(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in(path="/images?q=debian")
    expect(page.get_by_role("heading", level=1)).to_have_text("Images")
    tokens: list[str] = []
    page.on("request", lambda request: tokens.append(request.headers.get("x-auth-token", "")))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Images")
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])")
    used = {token for token in tokens if token}
    assert len(used) == 1 and not any(token in stored for token in used)
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.locator("#user")).to_be_visible()
    page.reload()
    expect(page.locator("#user")).to_be_visible()
    (ended,) = used
    answer = page.request.get(f"{site.address}/identity/v3/auth/projects", headers={"X-Auth-Token": ended})
    assert answer.status == 401


def test_a_slow_farewell_does_not_end_the_next_session(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in(path="/images")
    held: list[Route] = []
    ends = re.compile("/identity/v3/auth/tokens$")
    page.route(ends, lambda route: held.append(route) if route.request.method == "DELETE" else route.continue_())
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.locator("#password").fill(site.passwords["demo"])
    page.locator("#password").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Images")
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    page.get_by_role("link", name="Flavors").first.click()
    expect(page.get_by_text("m1.tiny").first).to_be_visible()


def test_three_clicks_to_a_server_that_becomes_active(visit: Begin) -> None:
    someone = visit()
    page = someone.sign_in()
    page.get_by_role("link", name="New server").click()
    expect(page.get_by_role("radio", name="debian-12")).to_be_checked()
    page.get_by_text("m1.small").click()
    expect(page.get_by_text("A host has room for it.")).to_be_visible()
    someone.picture("new-server")
    page.get_by_label("Name").fill("three-clicks")
    page.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"/servers/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("three-clicks")
    expect(page.locator(".detail-head .status")).to_have_text("Active")
    operation = page.get_by_role("button", name="Create server")
    if operation.get_attribute("aria-expanded") == "false":
        operation.click()
    expect(page.locator(".steps li.good").first).to_be_visible()
    someone.picture("server")
    page.get_by_role("link", name="Overview").click()
    recent = page.get_by_role("region", name="Recent operations")
    expect(recent.get_by_role("link", name="three-clicks")).to_be_visible()
    someone.picture("overview")


def test_a_list_shows_changes_that_others_make(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    someone = visit()
    page = someone.sign_in(path="/servers")
    expect(page.locator(".live")).to_have_text("Live")
    server = site.server("made-elsewhere", image, network)
    row = page.get_by_role("row").filter(has_text="made-elsewhere")
    expect(row).to_be_visible()
    expect(row).to_contain_text("Active")
    someone.picture("servers")
    site.ask("POST", f"/compute/v2.1/servers/{server}/action", json={"os-stop": None})
    expect(row).to_contain_text("Stopped")
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    expect(row).to_have_count(0)


def test_a_server_is_stopped_started_and_deleted(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    someone = visit()
    page = someone.sign_in(path=f"/servers/{site.server('worked-on', image, network)}")
    status = page.locator(".detail-head .status")
    expect(status).to_have_text("Active")
    page.get_by_role("button", name="Stop").click()
    expect(status).to_have_text("Stopped")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(status).to_have_text("Active")
    page.get_by_role("button", name="Actions of worked-on").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("worked-on")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Servers")
    expect(page.get_by_role("row").filter(has_text="worked-on")).to_have_count(0)
