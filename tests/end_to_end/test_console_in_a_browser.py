"""A console URL in Chromium shows the guest's screen and accepts keys."""

import os
import shutil
from typing import Any

import pytest

from tests.end_to_end.browser import Browser, chromium
from tests.end_to_end.clouds import REPOSITORY, Cloud, until

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(os.geteuid() != 0, reason="real guests need root"),
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="packages-test.txt is not installed"),
]
SEEN = """
const canvas = document.querySelector('canvas');
if (!canvas || !canvas.width) return null;
const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
const counts = new Map();
pixels.forEach(pixel => counts.set(pixel, (counts.get(pixel) || 0) + 1));
const commonest = Math.max(...counts.values());
return {width: canvas.width, height: canvas.height, colours: counts.size, drawn: pixels.length - commonest};
"""
"""The size of the canvas, its number of colours, and its number of pixels that differ from the background."""


def seen(browser: Browser) -> Any:
    return browser.run(SEEN)


def test_the_guests_screen_is_seen_and_takes_keys(furnished: Cloud) -> None:
    cloud = furnished
    cloud.openstack("server create --image small --flavor m1.tiny --network inside seen")
    cloud.wait_for_server("seen", "ACTIVE")
    address = cloud.value("console url show --novnc seen", "url")
    until("a login prompt", lambda: "login:" in cloud.openstack("console log show seen"), every=2)
    with chromium() as browser:
        browser.open(address)
        shown = until("text on the screen", lambda: (now := seen(browser)) and now["drawn"] > 200 and now)
        assert shown["width"] >= 640
        assert shown["height"] >= 400
        assert shown["colours"] > 1
        browser.run("document.querySelector('canvas').focus()")
        browser.type("somebody")
        until("more on the screen", lambda: seen(browser)["drawn"] > shown["drawn"] + 50)
        browser.type("\ue007")
        until("a question for the password", lambda: seen(browser)["drawn"] > shown["drawn"] + 200)
        browser.screenshot(REPOSITORY / "reports" / "console.png")
        browser.open(address.split("?")[0] + "?path=compute%2Fv2.1%2Fconsole%3Ftoken%3D" + "0" * 48)
        until("a refusal", lambda: "onnect" in browser.run("return document.querySelector('#status').textContent"))
        assert not (seen(browser) or {"drawn": 0})["drawn"]
    cloud.openstack("server delete --wait seen")
