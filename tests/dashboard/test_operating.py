"""What operators look at: events, audits, services, the placement tree, quotas of all projects, and what failed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import problems
from tests.end_to_end.clouds import until

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def test_events_with_filters_and_links(visit: Begin, site: Site) -> None:
    volume = site.volume("logged")
    someone = visit()
    page = someone.sign_in("admin", "/events")
    log = page.get_by_role("region", name="Newest first")
    line = log.get_by_role("listitem").filter(has_text=f"volume/{volume}")
    expect(line.first).to_contain_text("Create volume")
    expect(line.get_by_role("link", name="logged").first).to_be_visible()
    expect(line.get_by_role("link", name="demo").first).to_be_visible()
    site.ask("DELETE", f"/volume/v3/volumes/{volume}")
    site.until_gone(f"/volume/v3/volumes/{volume}")
    expect(line.filter(has_text="Delete volume").first).to_be_visible()
    page.get_by_label("Kind").fill("volume.create")
    page.get_by_label("Kind").press("Enter")
    expect(line.filter(has_text="Delete volume")).to_have_count(0)
    expect(line.filter(has_text="Done")).to_have_count(1)
    page.get_by_label("User").select_option(label="admin")
    expect(log).to_contain_text("Nothing matches the filter.")
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Until").fill("2020-01-01T00:00")
    expect(log).to_contain_text("Nothing matches the filter.")
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("textbox", name="Object").fill(f"volume/{volume}")
    page.get_by_role("textbox", name="Object").press("Enter")
    expect(log.get_by_role("listitem").filter(has_text="Delete volume").first).to_be_visible()
    assert problems(page) == []
    someone.picture("events")


def test_an_audit_that_runs_while_one_looks(visit: Begin) -> None:
    someone = visit()
    page = someone.sign_in("admin", "/audit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
    page.get_by_role("button", name="Run an audit").click()
    expect(page.locator(".page-head .status")).to_have_text("Done", timeout=120_000)
    expect(page.get_by_role("region", name="difference").first).to_be_visible()
    assert problems(page) == []
    someone.picture("audit")


def test_a_service_takes_no_new_servers_for_a_while(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in("admin", "/services")
    compute = page.get_by_role("table").first
    expect(compute).to_contain_text("nova-compute")
    expect(page.get_by_role("region", name="Network agents").first).to_contain_text("Up")
    compute.get_by_role("button", name="Disable").click()
    page.get_by_label("Reason").fill("new memory")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(compute).to_contain_text("Disabled")
    expect(compute).to_contain_text("new memory")
    assert problems(page) == []
    someone.picture("services")
    compute.get_by_role("button", name="Enable").click()
    expect(compute).not_to_contain_text("Disabled")
    services = site.ask("GET", "/compute/v2.1/os-services", "admin")["services"]
    assert {each["status"] for each in services} == {"enabled"}


def test_the_placement_tree(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    server = site.server("placed", image, network)
    site.until_active(server)
    someone = visit()
    page = someone.sign_in("admin", "/providers")
    expect(page.get_by_role("meter", name="VCPU").first).to_be_visible()
    page.get_by_text("consumer").first.click()
    expect(page.get_by_role("link", name="placed")).to_be_visible()
    assert problems(page) == []
    someone.picture("providers")
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    site.until_gone(f"/compute/v2.1/servers/{server}")
    expect(page.get_by_role("link", name="placed")).to_have_count(0)


def test_quotas_of_all_projects_are_changed(visit: Begin, site: Site) -> None:
    volume = site.volume("counted")
    someone = visit()
    page = someone.sign_in("admin", "/quotas?service=block_storage")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="demo", exact=True))
    row.get_by_role("button", name="Backups of demo").or_(
        row.get_by_role("button", name="Volumes of demo")
    ).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Limit").fill("many")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert problems(page) == []
    page.keyboard.press("Escape")
    row.get_by_role("button", name="Volumes of demo").click()
    dialog.get_by_label("Limit").fill("17")
    dialog.get_by_role("button", name="Save").click()
    expect(row.get_by_role("button", name="Volumes of demo")).to_contain_text("/ 17")
    expect(page.get_by_role("rowheader", name="Sum")).to_be_visible()
    assert problems(page) == []
    someone.picture("quotas")
    page.get_by_role("button", name="Object storage").click()
    row.get_by_role("button", name="Data of demo").click()
    dialog.get_by_label("Limit").fill("1048576")
    dialog.get_by_role("button", name="Save").click()
    expect(row.get_by_role("button", name="Data of demo")).to_contain_text("1 MiB")
    someone.picture("quotas-objects")
    row.get_by_role("button", name="Data of demo").click()
    dialog.get_by_label("Limit").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(row.get_by_role("button", name="Data of demo")).to_contain_text("∞")
    page.get_by_role("button", name="Block storage").click()
    row.get_by_role("button", name="Volumes of demo").click()
    dialog.get_by_label("Limit").fill("10")
    dialog.get_by_role("button", name="Save").click()
    expect(row.get_by_role("button", name="Volumes of demo")).to_contain_text("/ 10")
    site.ask("DELETE", f"/volume/v3/volumes/{volume}")
    site.until_gone(f"/volume/v3/volumes/{volume}")


def test_what_failed_is_on_the_overview_until_it_is_deleted(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    huge = {"name": "huge", "vcpus": 1, "ram": 512, "disk": 1_000_000}
    flavor = site.ask("POST", "/compute/v2.1/flavors", "admin", json={"flavor": huge})["flavor"]["id"]
    server = site.server("too-big", image, network, flavor)

    def failed() -> bool:
        return bool(site.ask("GET", f"/compute/v2.1/servers/{server}")["server"]["status"] == "ERROR")

    until("the server has failed", failed)
    someone = visit()
    page = someone.sign_in()
    broken = page.get_by_role("region", name="attention").get_by_role("listitem").filter(has_text="too-big")
    expect(broken).to_contain_text("Choose a smaller flavor")
    assert problems(page) == []
    someone.picture("overview-broken")
    broken.get_by_role("link", name="Look").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("too-big")
    page.goto("/")
    expect(broken).to_be_visible()
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    expect(broken).to_have_count(0)
    site.until_gone(f"/compute/v2.1/servers/{server}")
    site.ask("DELETE", f"/compute/v2.1/flavors/{flavor}", "admin")


def test_only_operators_see_these(visit: Begin) -> None:
    page = visit().sign_in(path="/events")
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links.filter(has_text="Events")).to_have_count(1)
    for name in ("Audit", "Services", "Placement", "Quotas"):
        expect(links.filter(has_text=name)).to_have_count(0)
    for name in ("audit", "services", "providers", "quotas"):
        page.goto(f"/{name}")
        expect(page.get_by_text("There is nothing here")).to_be_visible()
