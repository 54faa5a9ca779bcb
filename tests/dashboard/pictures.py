"""`python -m tests.dashboard.pictures`: writes the pictures that the README shows, of a cloud on fake engines."""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.dashboard.conftest import CHROMIUM
from tests.dashboard.site import Site, Visit
from tests.end_to_end.clouds import REPOSITORY, Cloud

PICTURES = REPOSITORY / "docs" / "pictures"
SERVERS = {
    "web-1": "2", "web-2": "2", "web-3": "2", "api-1": "3", "api-2": "3", "database-1": "4", "database-2": "4",
    "cache-1": "1", "queue-1": "1", "builder": "4",
}  # fmt: skip
PAGES = (("overview", "/", False, "en"), ("servers", "/servers", True, "ja"))
STOPPED = ("builder", "cache-1")


def furnish(site: Site) -> None:
    images = [site.image(name) for name in ("debian-12", "ubuntu-24.04", "rocky-9")]
    network = site.network("production")
    for number, (name, flavor) in enumerate(SERVERS.items()):
        server = site.server(name, images[number % 2], network, flavor)
        site.until_active(server)
        if name in STOPPED:
            site.ask("POST", f"/compute/v2.1/servers/{server}/action", json={"os-stop": None})


def take(site: Site, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, path, dark, language in PAGES:
            visit = Visit(browser, site, dark=dark, language=language)
            page = visit.sign_in(path=path)
            page.locator(".live.good").wait_for()
            page.wait_for_timeout(1500)
            page.screenshot(path=target / f"dashboard-{name}.png")
            visit.close()
        browser.close()


def main() -> None:
    subprocess.run([sys.executable, REPOSITORY / "scripts" / "dashboard.py", "build"], check=True)
    cloud = Cloud(hypervisor="fake", network="fake")
    try:
        cloud.up()
        site = Site(f"http://127.0.0.1:{cloud.port}", cloud.data / "clouds.yaml")
        site.quota(instances=20, cores=40, ram=32768)
        furnish(site)
        take(site, PICTURES)
    finally:
        cloud.close()


if __name__ == "__main__":
    main()
