"""What holds for every page: accessible, in both themes, on a phone, in every language, with hostile names, for readers."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.site import Site, Visit
from tests.end_to_end.clouds import REPOSITORY

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]
SOURCES = REPOSITORY / "dashboard"
AXE = SOURCES / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RESOURCES = sorted(file.stem for file in (SOURCES / "source" / "resources").iterdir())
OWN = sorted(file.stem for file in (SOURCES / "source" / "pages").glob("*.ts*"))
FORMS = [
    name for name in RESOURCES if "form: {" in next((SOURCES / "source" / "resources").glob(f"{name}.*")).read_text()
]
OWNED = {"application_credentials", "ec2_credentials"}
"""Belong to the person, not to the project, so that readers make and delete them too."""
PAGES = ["/", *(f"/{name}" for name in [*RESOURCES, *OWN]), *(f"/{name}/new" for name in FORMS), "/nowhere"]
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"'><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}",
    "\u202egnp.exe\u202c",
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦🏴‍☠️ 雲",
    "x" * 255,
)


def settled(page: Page) -> None:
    """The page shows what it loads."""
    expect(page.locator("main h1, main .empty").first).to_be_visible()
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    page.wait_for_timeout(100)


_GO = """path => {
  const link = document.createElement('a');
  link.href = path;
  document.body.append(link);
  link.click();
  link.remove();
  return link.pathname;
}"""


def go(page: Page, path: str) -> None:
    """To another page as a link does, without loading anew."""
    # The page that is left is still there for a moment, and looks as settled as the next one.
    expect(page.locator("main#main")).to_have_attribute("data-path", page.evaluate(_GO, path))
    settled(page)


def refusals(page: Page, *statuses: int) -> list[str]:
    """The addresses of requests that are answered so from now on, as they come."""
    found: list[str] = []
    page.on("response", lambda answer: found.append(answer.url) if answer.status in statuses else None)
    return found


def problems(page: Page) -> list[str]:
    """What axe finds in the page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run({runOnly: rules}).then(each => each.violations)", RULES)
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]} ({each['nodes'][0]['failureSummary']})" for each in found]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(visit: Begin, described: dict[str, str], dark: bool) -> None:
    someone = visit(dark=dark)
    someone.open()
    expect(someone.page.locator("#user")).to_be_visible()
    found = {"sign-in": problems(someone.page)}
    refused = refusals(someone.page, 403, 405, 500)
    page = someone.sign_in("admin")
    for path in PAGES:
        go(page, path)
        found[path] = problems(page)
        if dark:
            someone.picture("dark" + (path.replace("/", "-") if path != "/" else "-overview"))
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    found["palette"] = problems(page)
    page.evaluate("document.querySelector('dialog').append(document.createElement('button'))")
    assert "button-name" in str(problems(page)), "axe does not look"
    assert {where: each for where, each in found.items() if each} == {}
    assert refused == []


def test_details_are_accessible(visit: Begin, described: dict[str, str]) -> None:
    someone = visit()
    page = someone.sign_in()
    found = {}
    for name, path in described.items():
        go(page, path)
        found[name] = problems(page)
        someone.picture(f"detail-{name}")
    go(page, described["servers"])
    page.get_by_role("button", name="Actions of described").click()
    found["menu"] = problems(page)
    page.get_by_role("menuitem", name="Delete").click()
    found["removal"] = problems(page)
    someone.picture("delete")
    assert {where: each for where, each in found.items() if each} == {}


def test_a_reader_sees_nothing_that_changes(visit: Begin, described: dict[str, str], site: Site) -> None:
    someone = visit()
    refused = refusals(someone.page, 403, 405, 500)
    page = someone.sign_in("reader")
    for path in ("/", *(f"/{name}" for name in OWN)):
        go(page, path)
    for name in RESOURCES:
        if name in OWNED:
            continue
        go(page, f"/{name}")
        assert page.locator("a[href$='/new']").count() == 0, name
        assert page.locator(".table-menu button").count() == 0, name
        if name in FORMS:
            go(page, f"/{name}/new")
            expect(page.get_by_text("There is nothing here")).to_be_visible()
    for name, path in described.items():
        if name == "keypairs":
            continue
        go(page, path)
        expect(page.locator(".detail-head h1")).to_be_visible()
        assert page.locator(".detail-head button").count() == 0, name
    assert refused == []


def test_no_page_asks_what_would_be_refused(visit: Begin, described: dict[str, str]) -> None:
    """To a member; the walks of a reader and an admin look for it too."""
    someone = visit()
    refused = refusals(someone.page, 403, 405, 500)
    page = someone.sign_in()
    for path in PAGES:
        go(page, path)
    assert refused == []


def test_pages_of_the_whole_cloud_ask_nothing_that_is_refused(visit: Begin, described: dict[str, str]) -> None:
    someone = visit()
    page = someone.sign_in("admin")
    page.get_by_title("Switch project").click()
    page.get_by_role("menuitemcheckbox", name="Whole cloud").click()
    expect(page.locator(".scope-name")).to_have_text("Whole cloud")
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    for path in ("/", *(f"/{name}" for name in RESOURCES), described["servers"]):
        go(page, path)
    assert refused == []


def test_names_are_shown_as_text_whatever_they_hold(visit: Begin, site: Site) -> None:
    network = site.ask("GET", "/network/v2.0/networks?name=inside")["networks"][0]["id"]
    images = {name: site.image(name) for name in HOSTILE}
    printable = [name for name in HOSTILE if name.isprintable()]
    servers = {name: site.server(name, images[name], network) for name in printable}
    networks = {name: site.network(name) for name in printable}
    someone = visit()
    page = someone.page
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    someone.sign_in()
    for path, made in (("/servers", servers), ("/networks", networks), ("/images", images)):
        go(page, path)
        for name in made:
            expect(page.locator(".row-link").get_by_text(name, exact=True)).to_be_visible()
        someone.picture(f"hostile{path.replace('/', '-')}")
        for name, id in made.items():
            go(page, f"{path}/{id}")
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            assert page.title().endswith("Kumoi")
    page.get_by_role("button", name=re.compile("^Actions of")).click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE[-1])
    page.keyboard.press("Escape")
    go(page, "/")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("onerror")
    expect(page.get_by_role("option").first).to_contain_text(HOSTILE[0])
    assert said == []
    assert page.evaluate("document.querySelectorAll('img, script:not([src])').length") == 0
    for id in servers.values():
        site.ask("DELETE", f"/compute/v2.1/servers/{id}")
        site.until_gone(f"/compute/v2.1/servers/{id}")
    for id in networks.values():
        site.ask("DELETE", f"/network/v2.0/networks/{id}")
    for id in images.values():
        site.ask("DELETE", f"/image/v2/images/{id}")


def test_the_policy_of_the_page_is_strict(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.address)
    page = context.new_page()
    answer = page.goto("/servers/anything")
    assert answer is not None and answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    blocked: list[str] = []
    page.on("console", lambda message: blocked.append(message.text))
    assert page.evaluate("fetch('http://127.0.0.1:1/').then(() => 'sent', () => 'refused')") == "refused"
    assert any("Content Security Policy" in text for text in blocked)
    context.close()
