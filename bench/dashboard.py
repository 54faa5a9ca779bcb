"""Measures the dashboard in headless Chromium, against a cloud on fake engines."""

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench.clones import Clones
from bench.cloud import Cloud
from kumoi import app
from kumoi.dashboard import serving
from kumoi.engines.hosts import Hosts
from kumoi.kernel.database import Database
from kumoi.kernel.settings import Folder
from tests.dashboard.site import Site, Visit

CHROMIUM = "/usr/bin/chromium"
SIZES = (1_000, 10_000)
TIMES = 7
IDLE_SECONDS = 40
SERVING = ("front", "api", "streams")
"""The processes that an open page can keep busy. What the others do by themselves differs more than it."""

Say = Callable[[str, Any], None]

_ON_SCREEN = """async text => {
  const shown = () => document.querySelector('main').textContent.includes(text);
  while (!shown()) await new Promise(requestAnimationFrame);
  return Date.now();
}"""
_SCROLL = """async () => {
  const table = document.querySelector('[role=grid]');
  const frames = [];
  for (let at = 1; at <= 60; at += 1) {
    const before = performance.now();
    table.scrollTop = at * 720;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    frames.push((performance.now() - before) / 2);
  }
  return frames;
}"""


def measure(say: Say) -> None:
    assets = [file for file in (serving.BUILT / "assets").glob("*.gz") if not file.name.startswith(("en-", "icon"))]
    say("dashboard.first_load_kb", round(sum(file.stat().st_size for file in assets) / 1000, 1))
    with Cloud(hypervisor="fake", network="fake", password_rounds="4") as cloud, _chromium() as browser:
        site = Site(cloud.base, cloud.data / "clouds.yaml")
        site.quota(instances=100_000, cores=-1, ram=-1)
        image, network = site.image("image"), site.network("inside")
        server = site.server("measured", image, network)
        _until(lambda: site.ask("GET", f"/compute/v2.1/servers/{server}")["server"]["status"] == "ACTIVE")
        say("dashboard.sign_in_to_overview_ms", _sign_in(browser, site))
        say("dashboard.change_to_screen_ms", _change(browser, site, server))
        say("dashboard.idle_page_percent_of_a_core", _idle(browser, site, cloud))
        clones = _clones(cloud, server)
        there = 1
        for size in SIZES:
            clones.make(size - there)
            there = size
            _settle(cloud)
            first, every = _rows(browser, site, size)
            say("dashboard.first_rows_ms", {str(size): first})
            say("dashboard.all_rows_ms", {str(size): every})
        say("dashboard.scroll_ms_a_frame", _scroll(browser, site, there))


@contextlib.contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def _until(met: Callable[[], bool], within: float = 60.0) -> None:
    stop = time.monotonic() + within
    while not met():
        if time.monotonic() > stop:
            raise RuntimeError("not in time")
        time.sleep(0.05)


def _middle(found: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(found), 1), "worst": round(max(found), 1)}


def _sign_in(browser: Browser, site: Site) -> dict[str, float]:
    """From Enter in the password to bars of quota on the overview. Files are in the browser's cache."""
    found = []
    visit = Visit(browser, site)
    for _ in range(TIMES + 1):
        page = visit.page
        visit.open()
        page.locator("#user").fill("demo")
        page.locator("#password").fill(site.passwords["demo"])
        began = time.perf_counter()
        page.locator("#password").press("Enter")
        page.get_by_role("meter").first.wait_for()
        found.append(1000 * (time.perf_counter() - began))
        page.get_by_role("button", name="Account").click()
        page.get_by_role("menuitem", name="Sign out").click()
        page.locator("#user").wait_for()
    visit.close()
    return _middle(found[1:])


def _change(browser: Browser, site: Site, server: str) -> dict[str, float]:
    """From the API's answer to a change of a server's name until it is on the screen of another's list."""
    visit = Visit(browser, site)
    page = visit.sign_in(path="/servers")
    page.locator(".live.good").wait_for()
    found = []
    for number in range(TIMES):
        name = f"renamed-{number}"
        page.evaluate("text => { window.seen = (" + _ON_SCREEN + ")(text) }", name)
        site.ask("PUT", f"/compute/v2.1/servers/{server}", json={"server": {"name": name}})
        answered = 1000 * time.time()
        found.append(float(page.evaluate("window.seen")) - answered)
    visit.close()
    return _middle(found)


def _idle(browser: Browser, site: Site, cloud: Cloud) -> float:
    """The processor time that an open page adds."""

    def used() -> float:
        return sum(spent for name, spent in cloud.processor_ms().items() if name in SERVING)

    def spent() -> float:
        before = used()
        time.sleep(IDLE_SECONDS)
        return used() - before

    alone = spent()
    visit = Visit(browser, site)
    visit.sign_in(path="/servers").locator(".live.good").wait_for()
    time.sleep(2)
    watched = spent()
    visit.close()
    return round((watched - alone) / (10 * IDLE_SECONDS), 3)


def _clones(cloud: Cloud, server: str) -> Clones:
    app.load_services()
    database = Database(f"sqlite:///{cloud.data / 'database' / 'kumoi.db'}")
    hosts = SimpleNamespace(transports={})
    inside: Any = SimpleNamespace(database=database, folder=Folder(cloud.data), engines={Hosts: hosts})
    return Clones(inside, server)


def _settle(cloud: Cloud) -> None:
    """Until the cloud has looked at all new rows and has nothing to do."""
    while True:
        before = sum(cloud.processor_ms().values())
        time.sleep(2)
        if sum(cloud.processor_ms().values()) - before < 400:
            return


def _rows(browser: Browser, site: Site, size: int) -> tuple[dict[str, float], dict[str, float]]:
    """From a click on the navigation to the first rows, and to the last."""
    first, every = [], []
    for _ in range(3):
        visit = Visit(browser, site)
        page = visit.sign_in()
        page.get_by_role("meter").first.wait_for()
        began = time.perf_counter()
        page.get_by_role("link", name="Servers", exact=True).click()
        page.locator(".table-row").first.wait_for()
        first.append(1000 * (time.perf_counter() - began))
        page.locator(".count").get_by_text(str(size), exact=True).wait_for(timeout=60_000)
        every.append(1000 * (time.perf_counter() - began))
        visit.close()
    return _middle(first), _middle(every)


def _scroll(browser: Browser, site: Site, size: int) -> dict[str, float]:
    visit = Visit(browser, site)
    page = visit.sign_in(path="/servers")
    page.locator(".count").get_by_text(str(size), exact=True).wait_for(timeout=60_000)
    frames = page.evaluate(_SCROLL)
    visit.close()
    return _middle(frames)
