"""Every page on a phone, in every language."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.dashboard.site import Visit
from tests.dashboard.test_every_page import OWN, PAGES, RESOURCES, go

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_on_a_phone(visit: Begin, described: dict[str, str], language: str) -> None:
    someone = visit(size="phone", language=language)
    page = someone.sign_in()
    expect(page.locator("html")).to_have_attribute("lang", language)
    keys = re.compile(rf"\b({'|'.join([*RESOURCES, *OWN])}|field|action|form|list|group|status)\.[a-z_]+\b")
    for path in [*PAGES, *described.values()]:
        go(page, path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} pixels too wide"
        missing = keys.search(page.locator("body").inner_text())
        assert missing is None, f"{path}: no text for {missing}"
        someone.picture(f"phone-{language}" + (path[:20].replace("/", "-") if path != "/" else "-overview"))
    page.locator("header.top button").click()
    expect(page.locator("nav.side")).to_be_visible()
    someone.picture(f"phone-{language}-navigation")
