"""Lists of many rows, work by keyboard alone, lost connections and ended sessions."""

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.dashboard.site import Site, Visit
from tests.end_to_end.clouds import Cloud

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def in_network(site: Site) -> tuple[str, str]:
    """The ids of an image and a network."""
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    return image, site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]


def test_ten_thousand_rows(visit: Begin, site: Site) -> None:
    one = site.server("one-of-many", *in_network(site))
    real = site.ask("GET", f"/compute/v2.1/servers/{one}")["server"]
    many = [{**real, "id": f"id-{at:05}", "name": f"server-{at:05}", "status": "ACTIVE"} for at in range(10_000)]
    many[7_000]["status"] = "ERROR"
    places = {row["id"]: at for at, row in enumerate(many)}

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        after = places[query["marker"][0]] + 1 if "marker" in query else 0
        rows = many[after : after + int(query["limit"][0])]
        route.fulfill(status=200, content_type="application/json", body=json.dumps({"servers": rows}))

    someone = visit()
    page = someone.page
    page.route("**/servers/detail?*", answer)
    someone.sign_in(path="/servers?sort=name")
    expect(page.locator(".count")).to_have_text("10000")
    assert page.locator(".table-row").count() < 80
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "10001")
    page.get_by_role("searchbox").fill("status:error")
    expect(page.locator(".count")).to_have_text("1 / 10000")
    expect(page.get_by_role("row").nth(1)).to_contain_text("server-07000")
    assert "q=status%3Aerror" in page.url
    page.get_by_role("searchbox").fill("")
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("server-09999")
    grid.focus()
    page.keyboard.press("End")
    expect(page.get_by_text("server-00000")).to_be_visible()
    frames = page.evaluate(SCROLL)
    print(f"scrolling: {frames:.1f} ms of script a frame")
    page.get_by_role("checkbox", name="Select all").click()
    expect(page.get_by_text("10,000 selected")).to_be_visible()
    site.ask("DELETE", f"/compute/v2.1/servers/{one}")


SCROLL = """async () => {
  const table = document.querySelector('[role=grid]');
  let spent = 0;
  for (let at = 0; at < 30; at += 1) {
    table.scrollTop = at * 5000;
    const before = performance.now();
    table.dispatchEvent(new Event('scroll'));
    await new Promise(requestAnimationFrame);
    spent += performance.now() - before;
  }
  return spent / 30;
}"""


def test_a_list_is_exported_as_it_is_shown(visit: Begin, site: Site) -> None:
    server = site.server("=exported", *in_network(site))
    someone = visit()
    page = someone.sign_in(path="/servers?q=exported&columns=name,status")
    expect(page.get_by_role("row").filter(has_text="=exported")).to_contain_text("Active")
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name="CSV").click()
    text = waiting.value.path().read_bytes().decode()
    assert text == f"id,name,status\r\n{server},'=exported,ACTIVE\r\n"
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")


def test_many_are_stopped_at_once(visit: Begin, site: Site) -> None:
    made = [site.server(f"bulk-{number}", *in_network(site)) for number in range(3)]
    someone = visit()
    page = someone.sign_in(path="/servers?q=bulk-")
    rows = page.locator(".table-row")
    expect(rows.filter(has_text="Active")).to_have_count(3)
    page.get_by_role("checkbox", name="Select all").click()
    page.get_by_role("toolbar").get_by_role("button", name="Stop").click()
    expect(rows.filter(has_text="Stopped")).to_have_count(3)
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(0)
    assert len(made) == 3


def test_by_keyboard_alone(visit: Begin, site: Site) -> None:
    someone = visit()
    someone.open()
    page = someone.page
    expect(page.locator("#user")).to_be_focused()
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    page.keyboard.type(site.passwords["demo"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("demo")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("new server")
    page.keyboard.press("Enter")
    name = page.get_by_label("Name")
    expect(page.get_by_role("radio", checked=True)).to_have_count(2)
    for _ in range(40):
        if name.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(name).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.locator(".detail-head .status")).to_have_text("Active")
    page.keyboard.press("Control+k")
    page.keyboard.type("servers")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/servers$"))
    page.keyboard.press("/")
    page.keyboard.type("typed")
    expect(page.locator(".table-row")).to_have_count(1)
    for _ in range(20):
        if page.get_by_role("grid").evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("typed")


def test_a_lost_connection_misses_nothing(visit: Begin, site: Site, cloud: Cloud) -> None:
    server = site.server("seen-again", *in_network(site))
    someone = visit()
    page = someone.sign_in(path="/servers")
    row = page.get_by_role("row").filter(has_text="seen-again")
    expect(row).to_contain_text("Active")
    expect(page.locator(".live")).to_have_text("Live")
    cloud.kill("streams")
    expect(page.locator(".live")).to_have_text("Connecting")
    site.ask("POST", f"/compute/v2.1/servers/{server}/action", json={"os-stop": None})
    expect(row).to_contain_text("Stopped")
    expect(page.locator(".live")).to_have_text("Live")
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    expect(row).to_have_count(0)


def test_an_api_that_dies_is_told_and_come_back_to(visit: Begin, site: Site, cloud: Cloud) -> None:
    someone = visit()
    page = someone.sign_in()
    expect(page.locator(".live")).to_have_text("Live")
    page.route("**/compute/**", lambda route: route.abort())
    page.route("**/healthz", lambda route: route.abort())
    page.get_by_role("link", name="Flavors", exact=True).click()
    expect(page.get_by_text("The cloud does not answer. The page continues")).to_be_visible()
    cloud.kill("api")
    page.unroute_all()
    expect(page.get_by_role("row").filter(has_text="m1.tiny")).to_be_visible()
    expect(page.get_by_text("The cloud does not answer.")).to_have_count(0)
    site.until_it_answers()


def test_a_cloud_that_stops_and_starts_again_needs_no_reload(visit: Begin, site: Site, cloud: Cloud) -> None:
    server = site.server("outlives", *in_network(site))
    someone = visit()
    page = someone.sign_in(path="/servers")
    row = page.get_by_role("row").filter(has_text="outlives")
    expect(row).to_contain_text("Active")
    expect(page.locator(".live")).to_have_text("Live")
    page.evaluate("window.kept = true")
    with site.changes() as told:
        cloud.down()
        last = told()
    assert last.startswith("event: end\n") and "the cloud restarts" in last
    expect(page.get_by_text("The cloud does not answer. The page continues")).to_be_visible()
    cloud.up()
    site.until_it_answers()
    expect(page.get_by_text("The cloud does not answer.")).to_have_count(0)
    expect(page.locator(".live")).to_have_text("Live")
    site.ask("POST", f"/compute/v2.1/servers/{server}/action", json={"os-stop": None})
    expect(row).to_contain_text("Stopped")
    assert page.evaluate("window.kept")
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    expect(row).to_have_count(0)


def test_an_ended_token_leads_to_the_sign_in_and_back(visit: Begin, site: Site) -> None:
    someone = visit()
    tokens: set[str] = set()
    page = someone.page
    page.on("request", lambda request: tokens.add(request.headers.get("x-auth-token", "")))
    someone.sign_in(path="/flavors?q=tiny")
    expect(page.locator(".table-row")).to_have_count(1)
    for token in tokens - {""}:
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}
        page.request.delete(f"{site.address}/identity/v3/auth/tokens", headers=headers)
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    page.locator("#password").fill(site.passwords["demo"])
    page.locator("#password").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Flavors")
    expect(page).to_have_url(re.compile(r"/flavors\?q=tiny$"))
    expect(page.locator(".table-row")).to_have_count(1)


def test_another_project(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in("admin")
    expect(page.locator(".scope-name")).to_have_text("admin")
    page.get_by_title("Switch project").click()
    # A reload goes on with what was sealed last.
    with page.expect_response(
        lambda answer: answer.url.endswith("/kumoi/v1/session") and answer.request.method == "POST"
    ):
        page.get_by_role("menuitemcheckbox", name="Whole cloud").click()
    expect(page.locator(".scope-name")).to_have_text("Whole cloud")
    page.reload()
    expect(page.locator(".scope-name")).to_have_text("Whole cloud")
