"""One cloud on fakes and one browser for all tests of the dashboard."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.dashboard.site import Site, Visit
from tests.end_to_end.clouds import REPOSITORY, Cloud

CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def built() -> None:
    """The files of the dashboard, as its sources are now, and the packages that tests use."""
    for command in ("packages", "build"):
        script = [sys.executable, REPOSITORY / "scripts" / "dashboard.py", command]
        subprocess.run(script, check=True, capture_output=True)


@pytest.fixture(scope="session")
def cloud(built: None) -> Iterator[Cloud]:
    made = Cloud(hypervisor="fake", network="fake", password_rounds="4")
    try:
        said = made.up()
        assert f"dashboard: http://127.0.0.1:{made.port}/" in said
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def site(cloud: Cloud) -> Site:
    made = Site(f"http://127.0.0.1:{cloud.port}", cloud.data / "clouds.yaml")
    made.quota(instances=200, cores=400, ram=200_000)
    made.image("debian-12")
    made.network("inside")
    return made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip("packages-test.txt is not installed")
    with sync_playwright() as playwright:
        shown = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield shown
        shown.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Opens browsers: `visit(language="ja", size="phone")`."""
    made: list[Visit] = []

    def begin(**how: Any) -> Visit:
        made.append(Visit(browser, site, **how))
        return made[-1]

    yield begin
    for each in made:
        each.close()
