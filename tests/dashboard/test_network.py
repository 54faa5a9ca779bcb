"""Networks, routers, floating IPs, security groups and ports, as a person works with them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dashboard.site import Site, Visit

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def to(page: Page, name: str) -> None:
    page.locator("nav.side").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def begin(page: Page, name: str, new: str) -> None:
    """The form that creates an object."""
    to(page, name)
    page.get_by_role("link", name=new).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(new)


def create(page: Page, title: str | None) -> None:
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator(".detail-head h1")).to_have_text(title or re.compile(r"[0-9.]+"))


def choose(page: Page, action: str) -> None:
    """An action of the object that is shown: a button, or in its menu."""
    head = page.locator(".detail-head")
    if head.get_by_role("button", name=action).count() == 0:
        head.get_by_role("button", name=re.compile("^Actions of")).click()
        page.get_by_role("menuitem", name=action).click()
    else:
        head.get_by_role("button", name=action, exact=True).click()


def pick(place: Page | Locator, label: str, text: str) -> None:
    """The option that has the text, when it is there."""
    option = place.get_by_role("combobox", name=label).locator("option").filter(has_text=text).first
    expect(option).to_be_attached()
    place.get_by_role("combobox", name=label).select_option(option.get_attribute("value"))


def test_rules_are_told_in_words(visit: Begin) -> None:
    someone = visit()
    page = someone.sign_in(path="/security_groups/new")
    page.get_by_label("Name").fill("web")
    create(page, "web")
    dialog = page.get_by_role("dialog")
    incoming = page.get_by_role("region", name="What may come in")
    expect(incoming).to_contain_text("Nothing.")
    expect(page.get_by_role("region", name="What may go out")).to_contain_text("All traffic to anywhere")

    choose(page, "Add a rule")
    dialog.get_by_label("Port", exact=False).first.fill("22")
    dialog.get_by_role("button", name="Add a rule").click()
    expect(incoming.get_by_text("TCP 22 from anywhere")).to_be_visible()
    choose(page, "Add a rule")
    pick(dialog, "Protocol", "UDP")
    dialog.get_by_label("Port", exact=False).first.fill("8000")
    dialog.get_by_label("Last port of a range").fill("8010")
    dialog.get_by_label("Addresses").fill("192.0.2.0/24")
    someone.picture("new-rule")
    dialog.get_by_role("button", name="Add a rule").click()
    expect(incoming.get_by_text("UDP 8000–8010 from 192.0.2.0/24")).to_be_visible()
    choose(page, "Add a rule")
    pick(dialog, "Protocol", "All protocols")
    pick(dialog, "Members of a security group", "web")
    dialog.get_by_role("button", name="Add a rule").click()
    expect(incoming.get_by_text("All traffic from members of this group")).to_be_visible()
    someone.picture("security-group")

    incoming.get_by_role("button", name="Delete the rule: UDP 8000").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(incoming.get_by_text("UDP 8000")).to_have_count(0)
    to(page, "Security groups")
    expect(page.get_by_role("row").filter(has_text="web")).to_contain_text("TCP 22 from anywhere")
    someone.picture("security-groups")
    page.get_by_role("link", name="web", exact=True).click()
    choose(page, "Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".table-row").filter(has_text="web")).to_have_count(0)


def test_from_a_network_to_an_address_outside(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in()
    dialog, top = page.get_by_role("dialog"), page.locator(".facts-top")
    begin(page, "Networks", "New network")
    page.get_by_label("Name").fill("office")
    page.get_by_label("Addresses of its subnet").fill("10.77.0.0/24")
    create(page, "office")
    expect(page.get_by_role("region", name="Subnets")).to_contain_text("10.77.0.0/24")
    network = page.url.rsplit("/", 1)[1]
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    server = site.server("in-the-office", image, network)
    site.until_active(server)

    begin(page, "Routers", "New router")
    page.get_by_label("Name").fill("door")
    expect(page.get_by_label("Gateway to")).not_to_have_value("")
    create(page, "door")
    expect(top.get_by_role("link", name="public")).to_be_visible()
    choose(page, "Add an interface")
    pick(dialog, "Subnet", "office")
    dialog.get_by_role("button", name="Add an interface").click()
    expect(page.get_by_role("region", name="Interfaces")).to_contain_text("10.77.0.1")
    someone.picture("router")

    begin(page, "Floating IPs", "New floating IP")
    pick(page, "Leads to", "in-the-office")
    someone.picture("new-floating-ip")
    create(page, None)
    expect(top.get_by_role("link", name="in-the-office")).to_be_visible()
    expect(page.locator(".detail-head .status")).to_have_text("Active")
    someone.picture("floating-ip")
    choose(page, "Disassociate")
    dialog.get_by_role("button", name="Disassociate").click()
    expect(top.get_by_role("link", name="in-the-office")).to_have_count(0)
    choose(page, "Associate")
    pick(dialog, "Leads to", "in-the-office")
    dialog.get_by_role("button", name="Associate").click()
    top.get_by_role("link", name="in-the-office").click()
    expect(page.get_by_role("region", name="Floating IPs")).to_be_visible()
    expect(page.get_by_role("region", name="Ports")).to_contain_text("office")
    floating = page.get_by_role("region", name="Floating IPs").get_by_role("link").first.inner_text()
    to(page, "Topology")
    drawing = page.get_by_role("group", name="Networks and what is connected to them")
    expect(drawing.get_by_role("link", name="in-the-office")).to_be_visible()
    for text in ("10.77.0.0/24", "10.77.0.1", floating):
        expect(drawing.get_by_text(text, exact=True)).to_be_visible()
    someone.picture("topology")
    site.ask("POST", f"/compute/v2.1/servers/{server}/action", json={"os-stop": None})
    expect(drawing.get_by_role("link", name="in-the-office").locator(".still")).to_be_visible()
    drawing.get_by_role("link", name="door").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("door")
    to(page, "Floating IPs")
    row = page.locator(".table-row").filter(has_text="in-the-office")
    expect(row).to_have_count(1)
    row.get_by_role("checkbox").click()
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    expect(dialog).to_contain_text("Release this floating IP?")
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)

    to(page, "Routers")
    page.get_by_role("link", name="door", exact=True).click()
    choose(page, "Clear the gateway")
    dialog.get_by_role("button", name="Clear the gateway").click()
    expect(top.get_by_role("link", name="public")).to_have_count(0)
    choose(page, "Set the gateway")
    dialog.get_by_role("button", name="Set the gateway").click()
    expect(top.get_by_role("link", name="public")).to_be_visible()
    choose(page, "Remove an interface")
    dialog.get_by_role("button", name="Remove an interface").click()
    expect(page.get_by_role("region", name="Interfaces")).to_have_count(0)
    choose(page, "Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".table-row").filter(has_text="door")).to_have_count(0)
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    site.until_gone(f"/compute/v2.1/servers/{server}")
    site.ask("DELETE", f"/network/v2.0/networks/{network}")


def test_a_port_and_a_subnet(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in(path="/ports/new")
    dialog = page.get_by_role("dialog")
    page.get_by_label("Name").fill("spare")
    pick(page, "Network", "inside")
    page.get_by_label("Address").first.fill("10.9.0.77")
    create(page, "spare")
    expect(page.locator(".facts-top")).to_contain_text("10.9.0.77")
    choose(page, "Edit")
    dialog.get_by_label("Name").fill("spare-2")
    dialog.get_by_role("checkbox", name="default").click()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".detail-head h1")).to_have_text("spare-2")
    expect(page.get_by_role("region", name="Security groups")).to_have_count(0)
    to(page, "Ports")
    row = page.locator(".table-row").filter(has_text="spare-2")
    expect(row).to_contain_text("inside")
    someone.picture("ports")
    (port,) = site.ask("GET", "/network/v2.0/ports?name=spare-2")["ports"]
    site.ask("DELETE", f"/network/v2.0/ports/{port['id']}")
    expect(row).to_have_count(0)

    begin(page, "Subnets", "New subnet")
    page.get_by_label("Name").fill("second")
    pick(page, "Network", "inside")
    page.get_by_label("Addresses").fill("10.10.0.0/24")
    create(page, "second")
    expect(page.locator(".facts-top")).to_contain_text("10.10.0.1")
    choose(page, "Edit")
    dialog.get_by_label("DNS servers").fill("192.0.2.53, 192.0.2.54")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("192.0.2.54")
    choose(page, "Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".table-row").filter(has_text="second")).to_have_count(0)


def test_who_reaches_whom_is_said_in_words(visit: Begin, site: Site) -> None:
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    group = {"security_group": {"name": "shut"}}
    shut = site.ask("POST", "/network/v2.0/security-groups", json=group)["security_group"]["id"]
    servers = {name: site.server(name, image, network) for name in ("asker", "open-one", "shut-one")}
    for server in servers.values():
        site.until_active(server)
    (port,) = site.ask("GET", f"/network/v2.0/ports?device_id={servers['shut-one']}")["ports"]
    site.ask("PUT", f"/network/v2.0/ports/{port['id']}", json={"port": {"security_groups": [shut]}})
    someone = visit()
    page = someone.sign_in(path="/topology")
    answer = page.get_by_role("region", name="Can one reach the other?")

    def between(one: str, other: str) -> None:
        for label, name in (("From", one), ("To", other)):
            choice = answer.get_by_label(label, exact=True)
            option = choice.locator("option").filter(has_text=re.compile(f"^{name} "))
            expect(option).to_be_attached()
            choice.select_option(value=option.get_attribute("value"))
        answer.get_by_role("button", name="Find out").click()

    between("asker", "open-one")
    expect(answer.get_by_text("Yes, it can.")).to_be_visible()
    between("asker", "shut-one")
    expect(answer.get_by_text("No, it cannot.")).to_be_visible()
    expect(answer.locator(".reasons li.bad").first).to_be_visible()
    someone.picture("reach")
    answer.get_by_label("Port").fill("22")
    expect(answer.get_by_text("No, it cannot.")).to_have_count(0)
    for server in servers.values():
        site.ask("DELETE", f"/compute/v2.1/servers/{server}")
        site.until_gone(f"/compute/v2.1/servers/{server}")
    site.ask("DELETE", f"/network/v2.0/security-groups/{shut}")
