"""The object browser: containers, folders, uploads, downloads, links."""

import base64
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import HOSTILE, go, problems
from tests.waits import PATIENCE

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]
DROP = """(node, files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name, { type: "text/plain" }));
  for (const type of ["dragenter", "dragover", "drop"])
    node.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def account(site: Site, user: str = "demo") -> str:
    token = site.ask("GET", "/identity/v3/auth/tokens", user, headers={"X-Subject-Token": site.token(user)})["token"]
    return f"/object-store/v1/AUTH_{token['project']['id']}"


def container(site: Site, name: str, objects: dict[str, bytes] | None = None) -> str:
    """A container with these objects; its address."""
    made = f"{site.address}{account(site)}/{quote(name, safe='')}"
    headers = {"X-Auth-Token": site.token()}
    assert httpx.put(made, headers=headers, trust_env=False, timeout=PATIENCE).status_code in (201, 202)
    for path, body in (objects or {}).items():
        answer = httpx.put(
            f"{made}/{quote(path, safe='')}", headers=headers, content=body, trust_env=False, timeout=PATIENCE
        )
        assert answer.status_code == 201, answer.text
    return made


def names(site: Site, address: str) -> list[str]:
    answer = httpx.get(
        address, params={"format": "json"}, headers={"X-Auth-Token": site.token()}, trust_env=False, timeout=PATIENCE
    )
    return [each["name"] for each in answer.json()]


def link_of(page: Page, name: str) -> str:
    page.get_by_role("button", name=f"Actions of {name}").click()
    page.get_by_role("menuitem", name="Copy link").click()
    expect(page.get_by_text("The link is in the clipboard")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_from_an_empty_store_to_files_in_a_folder(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in(path="/objects")
    page.get_by_role("button", name="New container").first.click()
    page.get_by_label("Name").fill("photos")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    page.get_by_role("link", name="photos").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("photos")
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name", exact=True).fill("2026")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    page.get_by_role("link", name="2026/").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026")
    expect(page.get_by_text("There is nothing in this folder.")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files([{"name": "a b.txt", "mimeType": "text/plain", "buffer": b"by button"}])
    expect(page.get_by_role("link", name="a b.txt")).to_be_visible()
    page.locator(".list-page").evaluate(DROP, [["dropped.txt", "by drop"], ["more.txt", "m"]])
    expect(page.get_by_role("link", name="dropped.txt")).to_be_visible()
    expect(page.get_by_role("link", name="more.txt")).to_be_visible()
    someone.picture("objects-folder")
    page.get_by_role("searchbox").fill("drop")
    expect(page.locator(".table-row")).to_have_count(1)
    page.get_by_role("link", name="dropped.txt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("dropped.txt")
    expect(page.locator("main")).to_contain_text("2026/dropped.txt")
    someone.picture("objects-object")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    assert waiting.value.suggested_filename == "dropped.txt"
    assert waiting.value.path().read_bytes() == b"by drop"
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026")
    address = f"{site.address}{account(site)}/photos"
    assert names(site, address) == ["2026/", "2026/a b.txt", "2026/more.txt"]
    page.get_by_role("link", name="Containers").first.click()
    page.get_by_role("button", name="Actions of photos").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("3 objects are deleted with it")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="photos")).to_have_count(0)


def test_a_link_works_without_a_token_and_an_upload_shows_its_progress(visit: Begin, site: Site) -> None:
    address = container(site, "shared", {"a/../b & c%2F?.txt": b"secret"})
    someone = visit()
    page = someone.sign_in(path="/objects/shared/a%2F..%2F")
    link = link_of(page, "b & c%2F?.txt")
    assert site.token() not in link and "X-Auth" not in link
    assert httpx.get(link, trust_env=False, timeout=PATIENCE).content == b"secret"
    assert httpx.delete(link, trust_env=False, timeout=PATIENCE).status_code == 401
    stuck: list[object] = []
    page.route("**/shared/a%2F..%2Fslow.txt", lambda route: stuck.append(route))
    page.locator(".list-page").evaluate(DROP, [["slow.txt", "slow"]])
    expect(page.get_by_role("meter", name="a/../slow.txt")).to_be_visible()
    someone.picture("objects-upload")
    assert problems(page) == []
    page.get_by_role("button", name="Stop the upload of").click()
    expect(page.get_by_role("meter")).to_have_count(0)
    page.unroute_all()
    page.route("**/slow.txt", lambda route: route.fulfill(status=507, body="There is no room."))
    page.route("**/*slow.txt", lambda route: route.fulfill(status=507, body="There is no room."))
    page.locator(".list-page").evaluate(DROP, [["slow.txt", "slow"]])
    expect(page.locator(".upload")).to_contain_text("There is no room.")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="slow.txt")).to_be_visible()
    page.get_by_role("checkbox", name="Select all").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is nothing in this folder.")).to_be_visible()
    assert names(site, address) == []


def test_many_objects_come_in_pages(visit: Begin, site: Site) -> None:
    rows = [
        {
            "name": f"{at:05}",
            "hash": "0",
            "bytes": 1,
            "content_type": "text/plain",
            "last_modified": "2026-01-01T00:00:00",
        }
        for at in range(1500)
    ]
    container(site, "many")
    someone = visit()
    someone.page.route(
        re.compile(r"/many\?format=json(?!.*marker)"), lambda route: route.fulfill(status=200, json=rows[:1000])
    )
    someone.page.route(re.compile(r"/many\?.*marker=00999"), lambda route: route.fulfill(status=200, json=rows[1000:]))
    page = someone.sign_in(path="/objects/many")
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "1001")
    assert page.locator(".table-row").count() < 80
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "1501")
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_names_are_text_and_pages_are_accessible(visit: Begin, site: Site) -> None:
    objects = {f"{name}/{name}": b"x" for name in HOSTILE if "/" not in name}
    for name in HOSTILE:
        if "/" not in name and len(name) < 200:
            container(site, name)
    container(site, "hostile", objects)
    someone = visit(dark=True)
    said: list[str] = []
    someone.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page = someone.sign_in(path="/objects")
    for name in HOSTILE:
        if "/" not in name and len(name) < 200:
            expect(page.locator(".row-link").get_by_text(name, exact=True)).to_be_visible()
    assert problems(page) == []
    for name in objects:
        folder = name.split("/")[0]
        go(page, "/objects/hostile")
        assert problems(page) == []
        page.locator(".row-link").get_by_text(f"{folder}/", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(folder)
        page.locator(".row-link").get_by_text(folder, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(folder)
        expect(page.locator(".facts")).to_contain_text(name)
    assert problems(page) == []
    assert said == []
    assert page.evaluate("document.querySelectorAll('img, script:not([src])').length") == 0


def test_a_reader_reads(visit: Begin, site: Site) -> None:
    container(site, "for-readers", {"text.txt": b"read me"})
    someone = visit(size="phone")
    refused: list[str] = []
    someone.page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    page = someone.sign_in("reader", path="/objects")
    page.get_by_role("link", name="for-readers").click()
    expect(page.get_by_role("button", name="Upload files")).to_have_count(0)
    page.get_by_role("button", name="Actions of text.txt").click()
    assert page.get_by_role("menuitem").all_inner_texts() == ["Download"]
    page.keyboard.press("Escape")
    someone.picture("objects-phone")
    page.get_by_role("link", name="text.txt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("text.txt")
    assert page.locator(".detail-head button").all_inner_texts() == ["Download"]
    assert refused == []


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_images_and_texts_are_shown_and_pages_are_not(visit: Begin, site: Site) -> None:
    address = container(site, "previews")
    page_of_somebody = b"<script>document.title = 'mine'</script><img src=x onerror=alert(1)>"
    for name, type, body in (
        ("dot.png", "image/png", PNG), ("note.txt", "text/plain", b"some words\n" + b"x" * 70_000),
        ("page.html", "text/html", page_of_somebody), ("drawing.svg", "image/svg+xml", b"<svg onload='alert(1)'/>"),
    ):  # fmt: skip
        headers = {"X-Auth-Token": site.token(), "Content-Type": type}
        assert (
            httpx.put(f"{address}/{name}", headers=headers, content=body, trust_env=False, timeout=PATIENCE).status_code
            == 201
        )
    someone = visit()
    page = someone.sign_in()
    shown = page.get_by_role("region", name="Preview")
    go(page, "/objects/previews/dot.png")
    expect(shown.locator("img")).to_be_visible()
    assert shown.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    go(page, "/objects/previews/note.txt")
    expect(shown.locator("pre")).to_contain_text("some words")
    expect(shown.get_by_text("This is the beginning.")).to_be_visible()
    go(page, "/objects/previews/page.html")
    expect(shown.locator("pre")).to_have_text(page_of_somebody.decode())
    assert page.title().endswith("Kumoi")
    go(page, "/objects/previews/drawing.svg")
    expect(page.get_by_role("region", name="Details")).to_contain_text("image/svg+xml")
    expect(shown).to_have_count(0)


def test_a_large_file_goes_on_where_it_was_broken_off(visit: Begin, site: Site, tmp_path: Path) -> None:
    address = container(site, "large")
    file = tmp_path / "disk.img"
    file.write_bytes(os.urandom(1 << 20) * 40)
    someone = visit()
    page = someone.sign_in(path="/objects/large")
    sent: list[str] = []
    page.on(
        "request", lambda asked: sent.append(asked.url) if asked.method == "PUT" and "/disk.img/" in asked.url else None
    )
    page.route("**/00000001", lambda route: route.fulfill(status=507, body="full"))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files(file)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("full")).to_be_visible(timeout=120_000)
    page.unroute("**/00000001")
    assert [url[-8:] for url in sent] == ["00000000", "00000001"]
    uploads.get_by_role("button", name="Try again").click()
    expect(page.locator(".row-link").get_by_text("disk.img")).to_be_visible(timeout=120_000)
    assert [url[-8:] for url in sent] == ["00000000", "00000001", "00000001"]
    headers = {"X-Auth-Token": site.token()}
    stored = httpx.get(f"{address}/disk.img", headers=headers, trust_env=False, timeout=120)
    assert hashlib.sha256(stored.content).digest() == hashlib.sha256(file.read_bytes()).digest()
    assert stored.headers["X-Static-Large-Object"] == "True"
    page.get_by_role("button", name="Actions of disk.img").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".row-link").get_by_text("disk.img")).to_have_count(0)
    assert names(site, f"{address}_segments") == []
