"""A headless Chromium, driven by the W3C's WebDriver protocol through Debian's chromedriver."""

import base64
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.clouds import free_port, until
from tests.waits import PATIENCE

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1024,800",
)


class Browser:
    def __init__(self, driver: httpx.Client, session: str) -> None:
        self._driver, self._session = driver, session

    def ask(self, path: str, **body: Any) -> Any:
        """POST to the session; returns the value. RuntimeError with the browser's message."""
        said = self._driver.post(f"/session/{self._session}{path}", json=body).json()["value"]
        if isinstance(said, dict) and "error" in said:
            raise RuntimeError(f"{path}: {said['message']}")
        return said

    def open(self, address: str) -> None:
        self.ask("/url", url=address)

    def run(self, script: str) -> Any:
        """The result of a JavaScript function body."""
        return self.ask("/execute/sync", script=script, args=[])

    def type(self, keys: str) -> None:
        pressed = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("/actions", actions=[{"type": "key", "id": "keyboard", "actions": pressed}])

    def screenshot(self, target: Path) -> None:
        shown = self._driver.get(f"/session/{self._session}/screenshot").json()["value"]
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(base64.b64decode(shown))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A new browser with its own profile. Both are removed afterwards."""
    port = free_port()
    profile = tempfile.mkdtemp(prefix="k-", dir="/tmp")
    process = subprocess.Popen(
        ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    driver = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90, trust_env=False)
    session = None
    try:
        until("chromedriver answers", lambda: _answers(driver), 30)
        options = {"binary": "/usr/bin/chromium", "args": [*FLAGS, f"--user-data-dir={profile}"]}
        asked = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        made = driver.post("/session", json=asked).json()["value"]
        assert "sessionId" in made, made
        session = made["sessionId"]
        yield Browser(driver, session)
    finally:
        if session is not None:
            driver.delete(f"/session/{session}")
        driver.close()
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(profile, ignore_errors=True)


def _answers(driver: httpx.Client) -> bool:
    try:
        return bool(driver.get("/status").json()["value"]["ready"])
    except httpx.TransportError:
        return False
