"""Extra specs, access, members, properties, tags and metadata: what hangs on other objects; and resources of operators."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import problems

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def change_pairs(page: Page, title: str, key: str, value: str) -> None:
    """Adds a pair in the window of a section."""
    page.get_by_role("button", name=f"Change {title}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add").click()
    dialog.get_by_label("Key").last.fill(key)
    dialog.get_by_label("Value").last.fill(value)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def give(page: Page, title: str, project: str) -> None:
    part = page.get_by_role("region", name=title)
    part.get_by_label("Project").select_option(label=project)
    part.get_by_role("button", name="Add").click()
    expect(part.get_by_role("link", name=project)).to_be_visible()


def test_a_flavor_for_some(visit: Begin, site: Site) -> None:
    body = {"name": "special", "vcpus": 1, "ram": 64, "disk": 1, "os-flavor-access:is_public": False}
    flavor = site.ask("POST", "/compute/v2.1/flavors", "admin", json={"flavor": body})["flavor"]["id"]
    someone = visit()
    page = someone.sign_in("admin", f"/flavors/{flavor}")
    change_pairs(page, "Extra specs", "hw:cpu_policy", "shared")
    specs = page.get_by_role("region", name="Extra specs")
    expect(specs).to_contain_text("hw:cpu_policy=shared")
    give(page, "Projects that may use it", "demo")
    assert problems(page) == []
    someone.picture("flavor-special")
    assert len(site.ask("GET", f"/compute/v2.1/flavors/{flavor}/os-flavor-access", "admin")["flavor_access"]) == 1
    page.get_by_role("button", name="Take it from demo").click()
    expect(page.get_by_text("No project yet.")).to_be_visible()
    page.get_by_role("button", name="Change Extra specs").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(specs).not_to_contain_text("hw:cpu_policy")
    site.ask("DELETE", f"/compute/v2.1/flavors/{flavor}", "admin")


def test_a_volume_type_for_some(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in("admin", "/volume_types/new")
    page.get_by_label("Name").fill("fast-disks")
    page.get_by_label("Public").uncheck()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("fast-disks")
    change_pairs(page, "Extra specs", "tier", "fast")
    expect(page.get_by_role("region", name="Extra specs")).to_contain_text("tier=fast")
    give(page, "Projects that may use it", "demo")
    assert problems(page) == []
    someone.picture("volume-type")
    type_id = page.url.rpartition("/")[2]
    assert site.ask("GET", f"/volume/v3/types/{type_id}")["volume_type"]["name"] == "fast-disks"
    site.ask("DELETE", f"/volume/v3/types/{type_id}", "admin")


def test_properties_tags_and_members_of_an_image(visit: Begin, site: Site) -> None:
    image = site.image("described-in-words")
    someone = visit()
    page = someone.sign_in(path=f"/images/{image}")
    change_pairs(page, "Properties", "os/distro", "debian~12")
    expect(page.get_by_role("region", name="Properties")).to_contain_text("os/distro=debian~12")
    page.get_by_label("New tag").fill("stable")
    page.get_by_label("New tag").press("Enter")
    expect(page.get_by_role("button", name="Remove stable")).to_be_visible()
    shown = site.ask("GET", f"/image/v2/images/{image}")
    assert (shown["os/distro"], shown["tags"]) == ("debian~12", ["stable"])
    project = site.ask("GET", "/identity/v3/projects?name=admin", "admin")["projects"][0]["id"]
    members = page.get_by_role("region", name="Shared with")
    members.get_by_label("Project").fill(project)
    members.get_by_role("button", name="Add").click()
    expect(members).to_contain_text("Not answered")
    assert problems(page) == []
    someone.picture("image-in-words")
    guest = visit()
    other = guest.sign_in("admin", f"/images/{image}")
    other.get_by_role("button", name="Accept").click()
    expect(other.get_by_role("region", name="Shared with")).to_contain_text("Accepted")
    page.get_by_role("button", name="Remove stable").click()
    expect(page.get_by_role("button", name="Remove stable")).to_have_count(0)
    site.ask("DELETE", f"/image/v2/images/{image}")


def test_tags_and_metadata_of_a_server(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    server = site.server("in-words", image, network)
    site.until_active(server)
    someone = visit()
    page = someone.sign_in(path=f"/servers/{server}")
    change_pairs(page, "Metadata", "owner", "雲")
    expect(page.get_by_role("region", name="Metadata")).to_contain_text("owner=雲")
    page.get_by_label("New tag").fill("web")
    page.get_by_label("New tag").press("Enter")
    expect(page.get_by_role("button", name="Remove web")).to_be_visible()
    shown = site.ask("GET", f"/compute/v2.1/servers/{server}")["server"]
    assert (shown["metadata"], shown["tags"]) == ({"owner": "雲"}, ["web"])
    assert problems(page) == []
    someone.picture("server-in-words")
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    site.until_gone(f"/compute/v2.1/servers/{server}")


def test_further_addresses_of_a_port(visit: Begin, site: Site) -> None:
    network = site.network("of-pairs")
    port = site.ask("POST", "/network/v2.0/ports", json={"port": {"network_id": network, "name": "paired"}})["port"][
        "id"
    ]
    someone = visit()
    page = someone.sign_in(path=f"/ports/{port}")
    page.get_by_role("button", name="Further addresses").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Addresses").fill("10.9.0.200\n10.9.1.0/24 fa:16:3e:00:00:01")
    dialog.get_by_role("button", name="Further addresses").click()
    expect(dialog).to_have_count(0)
    pairs = site.ask("GET", f"/network/v2.0/ports/{port}")["port"]["allowed_address_pairs"]
    assert [each["ip_address"] for each in pairs] == ["10.9.0.200", "10.9.1.0/24"]
    assert pairs[1]["mac_address"] == "fa:16:3e:00:00:01"
    page.get_by_role("button", name="Actions of paired").click()
    page.get_by_role("menuitem", name="Switch port security off").click()
    dialog.get_by_role("button", name="Switch port security off").click()
    expect(page.get_by_role("button", name="Switch port security on")).to_be_visible()
    assert site.ask("GET", f"/network/v2.0/ports/{port}")["port"]["port_security_enabled"] is False
    site.ask("DELETE", f"/network/v2.0/ports/{port}")
    site.ask("DELETE", f"/network/v2.0/networks/{network}")


def test_a_server_gets_another_size_and_keeps_it(visit: Begin, site: Site) -> None:
    image = site.ask("GET", "/image/v2/images?name=debian-12")["images"][0]["id"]
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    server = site.server("grows", image, network)
    site.until_active(server)
    someone = visit()
    page = someone.sign_in(path=f"/servers/{server}")
    page.get_by_role("button", name="Actions of grows").click()
    page.get_by_role("menuitem", name="Resize").click()
    dialog = page.get_by_role("dialog")
    option = dialog.locator("option").filter(has_text="m1.small")
    expect(option).to_be_attached()
    dialog.get_by_label("New flavor").select_option(value=option.get_attribute("value"))
    dialog.get_by_role("button", name="Resize").click()
    expect(page.locator(".detail-head .status")).to_contain_text("Confirm resize")
    someone.picture("server-resized")
    page.get_by_role("button", name="Keep the new size").click()
    expect(page.locator(".detail-head .status")).to_contain_text("Active")
    expect(page.locator(".facts-top")).to_contain_text("m1.small")
    site.ask("DELETE", f"/compute/v2.1/servers/{server}")
    site.until_gone(f"/compute/v2.1/servers/{server}")


def test_server_groups_and_aggregates(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in(path="/server_groups/new")
    page.get_by_label("Name").fill("apart")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("apart")
    expect(page.locator("main")).to_contain_text("On different hosts")
    assert problems(page) == []
    group = page.url.rpartition("/")[2]
    site.ask("DELETE", f"/compute/v2.1/os-server-groups/{group}")
    operator = visit()
    page = operator.sign_in("admin", "/aggregates/new")
    page.get_by_label("Name").fill("racks")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("racks")
    page.get_by_role("button", name="Add a host").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("option", name="host-1")).to_be_attached()
    dialog.get_by_label("Host").select_option(label="host-1")
    dialog.get_by_role("button", name="Add a host").click()
    expect(page.locator(".facts-top")).to_contain_text("host-1")
    change_pairs(page, "Metadata", "ssd", "true")
    expect(page.get_by_role("region", name="Metadata")).to_contain_text("ssd=true")
    assert problems(page) == []
    operator.picture("aggregate")
    page.get_by_role("button", name="Remove a host").click()
    dialog.get_by_role("button", name="Remove a host").click()
    expect(page.locator(".facts-top")).not_to_contain_text("host-1")
    aggregate = page.url.rpartition("/")[2]
    site.ask("DELETE", f"/compute/v2.1/os-aggregates/{aggregate}", "admin")


def test_an_admin_sees_the_project_or_all(visit: Begin, site: Site) -> None:
    network = site.network("of-demo-only")
    someone = visit()
    page = someone.sign_in("admin", "/networks?q=of-demo-only")
    expect(page.get_by_text("Nothing matches the filter.")).to_be_visible()
    page.get_by_label("All projects").check()
    expect(page.locator(".row-link").filter(has_text="of-demo-only")).to_be_visible()
    assert "all=1" in page.url
    site.ask("DELETE", f"/network/v2.0/networks/{network}")


def test_operations_that_failed_are_asked_of_the_cloud(visit: Begin) -> None:
    someone = visit()
    page = someone.sign_in("admin", "/operations")
    with page.expect_request(lambda request: "/operations?" in request.url and "state=undone" in request.url):
        page.get_by_label("State").select_option("undone")
    expect(page.locator(".table-row").filter(has_text="Done")).to_have_count(0)
