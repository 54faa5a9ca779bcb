"""The matrix of role assignments, and keys for S3."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import problems
from tests.end_to_end.clouds import until

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def only(site: Site, kind: str, name: str) -> str:
    (found,) = site.ask("GET", f"/identity/v3/{kind}?name={name}", "admin")[kind]
    return str(found["id"])


@pytest.fixture
def someone_new(site: Site) -> Iterator[dict[str, Any]]:
    """A user who is in a group of the same name."""
    user = site.ask(
        "POST", "/identity/v3/users", "admin", json={"user": {"name": "newcomer", "password": "s3cret-word"}}
    )
    group = site.ask("POST", "/identity/v3/groups", "admin", json={"group": {"name": "newcomers"}})
    ids = {"user": user["user"]["id"], "group": group["group"]["id"]}
    site.ask("PUT", f"/identity/v3/groups/{ids['group']}/users/{ids['user']}", "admin")
    yield ids
    for kind, id in ids.items():
        site.ask("DELETE", f"/identity/v3/{kind}s/{id}", "admin")


def test_a_click_grants_and_revokes(visit: Begin, site: Site, someone_new: dict[str, Any]) -> None:
    project, role = only(site, "projects", "demo"), only(site, "roles", "reader")
    someone = visit()
    page = someone.sign_in("admin", f"/assignments?in=project&id={project}")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="demo"))
    expect(row.get_by_label("member for demo")).to_be_checked()
    expect(row).to_contain_text("implied")
    page.get_by_label("Add a user or group").select_option(label="newcomer")
    page.get_by_role("button", name="Add").click()
    cell = page.get_by_label("reader for newcomer")
    cell.click()
    held = f"/identity/v3/role_assignments?user.id={someone_new['user']}&scope.project.id={project}"

    def roles() -> list[str]:
        return [each["role"]["id"] for each in site.ask("GET", held, "admin")["role_assignments"]]

    # The box is ticked before the cloud has answered.
    until("the role is granted", lambda: roles() == [role])
    expect(cell).to_be_checked()
    assert problems(page) == []
    someone.picture("assignments")
    cell.click()
    until("the role is revoked", lambda: roles() == [])
    expect(cell).not_to_be_checked()


def test_where_a_role_comes_from(visit: Begin, site: Site, someone_new: dict[str, Any]) -> None:
    project, role = only(site, "projects", "demo"), only(site, "roles", "reader")
    base = f"/identity/v3/OS-INHERIT/domains/default/groups/{someone_new['group']}/roles/{role}/inherited_to_projects"
    site.ask("PUT", base, "admin")
    someone = visit()
    page = someone.sign_in("admin", f"/assignments?in=project&id={project}")
    expect(page.get_by_role("row").filter(has_text="newcomers")).to_contain_text("from Default")
    person = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="newcomer", exact=True))
    expect(person).to_contain_text("by a group")
    someone.picture("assignments-inherited")
    page.get_by_role("combobox", name="In", exact=True).select_option(label="Domain")
    page.get_by_role("combobox", name="Holds").select_option(label="in all projects below")
    cell = page.get_by_label("reader for newcomers")
    expect(cell).to_be_checked()
    assert problems(page) == []
    cell.click()
    expect(cell).not_to_be_checked()
    page.get_by_role("combobox", name="In", exact=True).select_option(label="System")
    expect(page.get_by_label("admin for admin")).to_be_checked()


def test_keys_for_s3(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in(path="/ec2_credentials/new")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("New S3 key")
    access = page.get_by_role("heading", level=1).inner_text()
    me = site.ask("GET", "/identity/v3/auth/tokens", headers={"X-Subject-Token": site.token()})["token"]["user"]["id"]
    keys = f"/identity/v3/users/{me}/credentials/OS-EC2"
    secret = site.ask("GET", f"{keys}/{access}")["credential"]["secret"]
    expect(page.locator("main")).not_to_contain_text(secret)
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("main")).to_contain_text(secret)
    assert problems(page) == []
    someone.picture("ec2-credentials")
    with page.expect_download() as saved:
        page.get_by_role("button", name="AWS CLI").click()
    text = saved.value.path().read_text()
    assert access in text and secret in text and f"endpoint_url = {site.address}/s3" in text
    site.ask("DELETE", f"{keys}/{access}")
