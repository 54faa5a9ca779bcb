"""The console within the dashboard: a real guest's screen in the page, with text that is pasted into it."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.dashboard.site import REPORTS, Site
from tests.end_to_end.clouds import REPOSITORY, Cloud, until
from tests.end_to_end.test_console_in_a_browser import SEEN

CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests need root"),
    pytest.mark.skipif(shutil.which(CHROMIUM) is None, reason="packages-test.txt is not installed"),
]


def seen(page: Page) -> Any:
    return page.evaluate("() => {" + SEEN + "}")


def test_the_console_and_the_log_are_in_the_page(furnished: Cloud) -> None:
    cloud = furnished
    script = [sys.executable, REPOSITORY / "scripts" / "dashboard.py", "build"]
    subprocess.run(script, check=True, capture_output=True)
    cloud.openstack("server create --image small --flavor m1.tiny --network inside watched")
    cloud.wait_for_server("watched", "ACTIVE")
    server = cloud.value("server show watched", "id")
    until("a login prompt", lambda: "login:" in cloud.openstack("console log show watched"), 300, every=2)
    passwords = Site(f"http://127.0.0.1:{cloud.port}", cloud.data / "clouds.yaml").passwords
    problems: list[str] = []

    def look() -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            page = browser.new_page(base_url=f"http://127.0.0.1:{cloud.port}")
            page.set_default_timeout(60_000)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(f"/servers/{server}")
            page.locator("#user").fill("demo")
            page.locator("#password").fill(passwords["demo"])
            page.locator("#password").press("Enter")
            page.get_by_role("button", name="Console").click()
            expect(page.get_by_text("Click into the screen")).to_be_visible(timeout=120_000)
            shown = until("text on the screen", lambda: (now := seen(page)) and now["drawn"] > 200 and now, 120)
            page.get_by_role("button", name="Paste text").click()
            page.get_by_label("Text", exact=True).fill("somebody\n")
            page.get_by_role("button", name="Type it").click()
            until("a question for the password", lambda: seen(page)["drawn"] > shown["drawn"] + 200, 120)
            page.get_by_role("button", name="Full screen").click()
            until("the whole screen", lambda: page.evaluate("document.fullscreenElement !== null"), 60)
            page.evaluate("document.exitFullscreen()")
            page.get_by_role("region", name="Serial log").get_by_role("button", name="Show").click()
            expect(page.locator("pre.log")).to_contain_text("login:")
            (REPORTS / "dashboard").mkdir(parents=True, exist_ok=True)
            page.screenshot(path=REPORTS / "dashboard" / "console.png")
            page.get_by_role("region", name="Console").get_by_role("button", name="Close").click()
            expect(page.locator("canvas")).to_have_count(0)
            browser.close()

    # A thread of its own: tests of the dashboard on this worker may have left a loop of Playwright's in the main one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(look).result()
    assert problems == []
    cloud.openstack("server delete --wait watched")
