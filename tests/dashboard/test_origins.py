"""Pages of users are served at the dashboard's address, and do not act as the dashboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.dashboard.site import Site, Visit

pytestmark = pytest.mark.end_to_end

THIEF = """<h1>waits</h1><script>
fetch("/kumoi/v1/session", {headers: {"X-Kumoi-Dashboard": "1"}}).then((answer) => answer.text()).then(
  (said) => { document.querySelector("h1").textContent = "got " + said; },
  () => { document.querySelector("h1").textContent = "got nothing"; });
</script>"""


@pytest.mark.parametrize("size", [0, 200_000])
def test_a_stored_page_does_not_get_the_session(visit: Callable[..., Visit], site: Site, size: int) -> None:
    """Also one that the front sends from a file."""
    someone = visit()
    page = someone.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("demo")
    project = site.ask("GET", "/identity/v3/auth/tokens", headers={"X-Subject-Token": site.token()})["token"][
        "project"
    ]["id"]
    container = f"/object-store/v1/AUTH_{project}/pages"
    site.ask("PUT", container, headers={"X-Container-Read": ".r:*"})
    body = THIEF.encode() + b" " * size
    site.ask("PUT", f"{container}/a.html", content=body, headers={"Content-Type": "text/html"})
    page.goto(f"{site.address}{container}/a.html")
    expect(page.locator("h1")).to_have_text("got nothing")
    # The browser reports what it refused.
    assert someone.errors
    someone.errors.clear()
