"""Projects, users, groups and roles, as an admin; nobody else sees their pages."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import HOSTILE, go, problems
from tests.waits import PATIENCE

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]
ADMINS = ("projects", "users", "groups", "roles", "domains")
V3 = "/identity/v3"


def create(page: Page, path: str, **texts: str) -> None:
    go(page, f"{path}/new")
    for label, text in texts.items():
        page.get_by_label(re.compile(f"^{label}")).first.fill(text)
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".detail-head h1")).to_have_text(texts["Name"])


def act(page: Page, name: str, **chosen: str) -> None:
    """An action of the object whose page is open, with what its form asks for."""
    page.locator(".detail-head").get_by_role("button", name=name).click()
    dialog = page.get_by_role("dialog")
    for label, text in chosen.items():
        box = dialog.get_by_label(label, exact=True)
        if box.evaluate("node => node.tagName") == "SELECT":
            box.select_option(label=text)
        else:
            box.fill(text)
    dialog.get_by_role("button", name=name).click()
    expect(dialog).to_have_count(0)


def sign_in(site: Site, user: str, password: str, project: str) -> httpx.Response:
    login = {"name": user, "password": password, "domain": {"id": "default"}}
    scope = {"project": {"name": project, "domain": {"id": "default"}}}
    auth = {"identity": {"methods": ["password"], "password": {"user": login}}, "scope": scope}
    return httpx.post(f"{site.address}{V3}/auth/tokens", json={"auth": auth}, trust_env=False, timeout=PATIENCE)


def test_a_user_is_made_and_let_into_a_project(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in("admin")
    create(page, "/projects", Name="rockets", Description="to the moon")
    someone.picture("identity-project")
    create(page, "/users", Name="wernher", Password="first-Password-1")
    assert sign_in(site, "wernher", "first-Password-1", "rockets").status_code == 401
    act(page, "Grant a role", Project="rockets", Role="member")
    assert sign_in(site, "wernher", "first-Password-1", "rockets").status_code == 201
    act(page, "Set password", Password="other-Password-2")
    assert sign_in(site, "wernher", "other-Password-2", "rockets").status_code == 201
    create(page, "/groups", Name="engineers")
    act(page, "Add a user", User="wernher")
    expect(page.locator(".members")).to_have_text("wernher")
    someone.picture("identity-group")
    assert problems(page) == []
    page.get_by_role("button", name="Remove wernher from the group").click()
    expect(page.get_by_text("Nobody belongs to this group yet.")).to_be_visible()
    create(page, "/roles", Name="astronaut")
    go(page, "/users?q=wernher")
    page.get_by_role("button", name="Actions of wernher").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing matches the filter.")).to_be_visible()


def test_details_and_hostile_names(visit: Begin, site: Site) -> None:
    made: dict[str, str] = {}
    for number, name in enumerate(HOSTILE[:3]):
        for kind in ("projects", "users", "groups", "roles"):
            one = kind.removesuffix("s")
            extra: dict[str, Any] = {"description": name} if kind != "users" else {}
            text = site.ask("POST", f"{V3}/{kind}", "admin", json={one: {"name": f"{number}{name}", **extra}})[one][
                "id"
            ]
            made[f"/{kind}/{text}"] = f"{number}{name}"
    someone = visit(dark=True)
    said: list[str] = []
    someone.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page = someone.sign_in("admin")
    for path, name in made.items():
        go(page, path)
        expect(page.locator(".detail-head h1")).to_have_text(name)
    for kind in ADMINS:
        go(page, next((path for path in made if path.startswith(f"/{kind}/")), "/domains/default"))
        assert problems(page) == []
    go(page, "/users")
    for path, name in made.items():
        if path.startswith("/users/"):
            expect(page.locator(".row-link").get_by_text(name, exact=True)).to_be_visible()
    someone.picture("identity-users")
    assert said == []
    for path in made:
        site.ask("DELETE", f"{V3}{path}", "admin")


@pytest.mark.parametrize("user", ["demo", "reader"])
def test_others_see_no_page_of_it(visit: Begin, site: Site, user: str) -> None:
    someone = visit()
    refused: list[str] = []
    someone.page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    page = someone.sign_in(user)
    for name in ADMINS:
        expect(page.locator(f"nav.side a[href='/{name}']")).to_have_count(0)
        for path in (f"/{name}", f"/{name}/new", f"/{name}/anything"):
            go(page, path)
            expect(page.get_by_text("There is nothing here")).to_be_visible()
    assert refused == []
