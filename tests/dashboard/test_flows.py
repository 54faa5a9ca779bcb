"""Sign in, launch, console and delete: desktop and phone, both languages, by keyboard alone. axe looks at each step."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import SOURCES, problems

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]
MOST_TABS = 80


@pytest.fixture(scope="module", params=["en", "ja"])
def language(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def said(language: str) -> Callable[..., str]:
    """A text of the page in the language of the test."""
    texts: dict[str, Any] = {}
    for file in (SOURCES / "messages" / language).glob("*.json"):
        texts |= json.loads(file.read_text())
    return lambda key, **values: re.sub(r"\{(\w+)\}", lambda found: values[found[1]], texts[key])


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus."""
    expect(wanted.first).to_be_visible()
    for _ in range(MOST_TABS):
        if wanted.first.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted}")


def press(page: Page, wanted: Locator) -> None:
    reach(page, wanted)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_from_sign_in_to_delete_by_keyboard(
    visit: Begin, site: Site, language: str, said: Callable[..., str], size: str
) -> None:
    name = f"flow-{language}-{size}"
    found: dict[str, list[str]] = {}
    someone = visit(language=language, size=size)
    page = someone.page

    def look(step: str) -> None:
        found[step] = problems(page)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{step}: {wide} pixels too wide"
        someone.picture(f"flow-{size}-{language}-{step}")

    someone.open()
    expect(page.locator("#user")).to_be_focused()
    look("sign-in")
    page.keyboard.type("demo")
    reach(page, page.locator("#password"))
    page.keyboard.type(site.passwords["demo"])
    press(page, page.get_by_role("button", name=said("sign_in.enter"), exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("demo")
    look("overview")

    press(page, page.locator("main").get_by_role("link", name=said("servers.new"), exact=True))
    expect(page.get_by_role("radio", checked=True)).to_have_count(2)
    reach(page, page.get_by_label(said("field.name"), exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type(name)
    look("launch")
    press(page, page.get_by_role("button", name=said("create"), exact=True))
    expect(page.locator(".detail-head .status")).to_have_text(said("status.active"))
    look("server")

    # The guests of this cloud have no screen: the refusal is told.
    press(page, page.get_by_role("button", name=said("servers.action.console"), exact=True))
    expect(page.locator(".notice.bad")).to_be_visible()
    look("console")
    press(page, page.get_by_role("button", name=said("servers.log_show"), exact=True))
    expect(page.locator("pre.log")).to_be_visible()
    look("log")

    press(page, page.get_by_role("button", name=said("list.actions_of", name=name), exact=True))
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name=said("action.delete"), exact=True)).to_be_focused()
    look("menu")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    look("removal")
    press(page, dialog.get_by_role("button", name=said("action.delete"), exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text(said("servers.title"))
    expect(page.locator(".table-row").filter(has_text=name)).to_have_count(0)
    assert {step: each for step, each in found.items() if each} == {}
