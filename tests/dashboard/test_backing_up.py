"""Backups, transfers to another project, and limits of throughput."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.dashboard.site import Site, Visit
from tests.dashboard.test_every_page import problems
from tests.end_to_end.clouds import until

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]


def test_a_volume_is_backed_up_and_restored(visit: Begin, site: Site) -> None:
    volume = site.volume("precious")
    someone = visit()
    page = someone.sign_in(path="/backups/new")
    page.get_by_label("Volume").select_option(label="precious")
    page.get_by_label("Name").fill("of-precious")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("of-precious")
    expect(page.locator(".detail-head .status")).to_have_text("Available")
    assert problems(page) == []
    someone.picture("backup")
    backup = page.url.rpartition("/")[2]
    page.get_by_role("button", name="Restore").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("restored")
    dialog.get_by_role("button", name="Restore").click()
    expect(dialog).to_have_count(0)

    def restored() -> list[str]:
        listed = site.ask("GET", "/volume/v3/volumes/detail?name=restored")["volumes"]
        return [each["id"] for each in listed if each["status"] == "available"]

    until("the volume is restored", lambda: len(restored()) == 1)
    until(
        "the backup is free",
        lambda: bool(site.ask("GET", f"/volume/v3/backups/{backup}")["backup"]["status"] == "available"),
    )
    site.ask("DELETE", f"/volume/v3/backups/{backup}")
    site.until_gone(f"/volume/v3/backups/{backup}")
    for each in (volume, *restored()):
        site.ask("DELETE", f"/volume/v3/volumes/{each}")
        site.until_gone(f"/volume/v3/volumes/{each}")


def test_a_volume_goes_to_another_project(visit: Begin, site: Site) -> None:
    volume = site.volume("given-away")
    someone = visit()
    page = someone.sign_in(path=f"/volumes/{volume}")
    page.get_by_role("button", name=re.compile("^Actions of")).click()
    page.get_by_role("menuitem", name="Offer to a project").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the transfer").fill("to-admin")
    dialog.get_by_role("button", name="Offer to a project").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("to-admin")
    key = page.locator(".secret bdi").inner_text()
    assert problems(page) == []
    someone.picture("transfer")
    other = visit()
    taker = other.sign_in("admin", "/take_volume")
    taker.get_by_label("ID of the transfer").fill(page.url.rpartition("/")[2])
    taker.get_by_label("Key").fill(key)
    assert problems(taker) == []
    taker.get_by_role("button", name="Take over").click()
    expect(taker.get_by_role("heading", level=1)).to_have_text("given-away")
    site.ask("DELETE", f"/volume/v3/volumes/{volume}", "admin")


def test_limits_of_throughput(visit: Begin, site: Site) -> None:
    someone = visit()
    page = someone.sign_in("admin", "/qos_specs/new")
    page.get_by_label("Name").fill("slow")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("slow")
    page.get_by_role("button", name="Change Limits").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add").click()
    dialog.get_by_label("Key").fill("total_iops_sec")
    dialog.get_by_label("Value").fill("100")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Limits")).to_contain_text("total_iops_sec=100")
    assert problems(page) == []
    someone.picture("qos-specs")
    site.ask("DELETE", f"/volume/v3/qos-specs/{page.url.rpartition('/')[2]}", "admin")
