"""Application credentials: the files that the dashboard offers work in clients."""

import re
from collections.abc import Callable
from pathlib import Path

import openstack
import pytest
from openstack.config import OpenStackConfig
from playwright.sync_api import Page, expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import problems

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def download(page: Page, name: str) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value.path()


@pytest.mark.parametrize("user", ["demo", "reader"])
def test_its_files_sign_in(visit: Begin, site: Site, user: str) -> None:
    someone = visit()
    page = someone.sign_in(user, path="/application_credentials/new")
    page.get_by_label(re.compile("^Name")).fill(f"for {user}'s robot")
    page.get_by_label("reader").check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("It is shown only now.")).to_be_visible()
    assert problems(page) == []
    someone.picture("application-credential")
    secret = page.locator(".secret bdi").inner_text()
    files = [str(download(page, "clouds.yaml"))]
    config = OpenStackConfig(config_files=files, secure_files=[], vendor_files=[], load_envvars=False)
    cloud = openstack.connection.Connection(config=config.get_one("kumoi"))
    token = site.ask("GET", "/identity/v3/auth/tokens", headers={"X-Subject-Token": site.token()})["token"]
    assert cloud.current_project_id == token["project"]["id"]
    assert [each.name for each in cloud.network.networks(name="inside")] == ["inside"]
    variables = dict(re.findall("export (\\w+)='(.*)'", download(page, "openrc").read_text()))
    assert variables["OS_APPLICATION_CREDENTIAL_SECRET"] == secret
    assert variables["OS_AUTH_URL"] == f"{site.address}/identity/v3"
    assert f'application_credential_secret = "{secret}"' in download(page, "Terraform").read_text()
    page.reload()
    expect(page.locator(".detail-head h1")).to_have_text(f"for {user}'s robot")
    expect(page.get_by_text("It is shown only now.")).to_have_count(0)
    assert secret not in page.content()
    page.locator(".detail-head").get_by_role("button", name="Actions of").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/application_credentials$"))
    expect(page.get_by_text("You have no application credentials yet.")).to_be_visible()
