"""A cloud on fake engines with a dashboard, asked beside the browser by plain requests."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.end_to_end.clouds import until

PROJECTS = {"admin": "admin"}
"""User → project, if that is not demo."""
REPORTS = Path(__file__).parents[2] / "reports"


class Site:
    """`address` of the cloud; `passwords` of its users."""

    def __init__(self, address: str, clouds_yaml: Path) -> None:
        self.address = address
        text = clouds_yaml.read_text()
        self.passwords = dict(re.findall(r'username: "(.*)"\n +password: "(.*)"', text))
        self._tokens: dict[str, str] = {}
        self._http = httpx.Client(base_url=address, timeout=120, trust_env=False)

    def token(self, user: str = "demo") -> str:
        if user not in self._tokens:
            self._tokens[user] = self.new_token(user)
        return self._tokens[user]

    def new_token(self, user: str) -> str:
        project = PROJECTS.get(user, "demo")
        domain = {"name": "Default"}
        login = {"name": user, "password": self.passwords[user], "domain": domain}
        scope = {"project": {"name": project, "domain": domain}}
        auth = {"identity": {"methods": ["password"], "password": {"user": login}}, "scope": scope}
        answer = self._http.post("/identity/v3/auth/tokens", json={"auth": auth})
        assert answer.status_code == 201, answer.text
        return str(answer.headers["X-Subject-Token"])

    def ask(self, method: str, path: str, user: str = "demo", **more: Any) -> Any:
        """The JSON of an answer, which is no error."""
        headers = {"X-Auth-Token": self.token(user), "OpenStack-API-Version": "compute 2.96", **more.pop("headers", {})}
        answer = self._http.request(method, path, headers=headers, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def until_it_answers(self) -> None:
        until("the API answers", lambda: self._http.get("/healthz").status_code == 200)

    @contextmanager
    def changes(self, user: str = "demo") -> Iterator[Callable[[], str]]:
        """The stream of changes. The function waits until it ends, and returns the last event."""
        headers = {"X-Auth-Token": self.token(user), "Accept": "text/event-stream"}
        with self._http.stream("GET", "/kumoi/v1/changes", headers=headers, timeout=120) as answer:
            assert answer.status_code == 200
            text: list[str] = []

            def rest() -> str:
                with suppress(httpx.RemoteProtocolError):
                    text.extend(answer.iter_text())
                print(text)
                return "".join(text).rstrip("\n").split("\n\n")[-1]

            yield rest

    # what there is

    def image(self, name: str) -> str:
        """A new image with a few bytes; its id."""
        body = {"name": name, "disk_format": "raw", "container_format": "bare"}
        made = self.ask("POST", "/image/v2/images", json=body)
        octets = {"Content-Type": "application/octet-stream"}
        self.ask("PUT", f"/image/v2/images/{made['id']}/file", content=b"x" * 1024, headers=octets)
        return str(made["id"])

    def network(self, name: str) -> str:
        """A new network with a subnet; its id."""
        made = self.ask("POST", "/network/v2.0/networks", json={"network": {"name": name}})["network"]
        subnet = {"network_id": made["id"], "ip_version": 4, "cidr": "10.9.0.0/24", "name": name}
        self.ask("POST", "/network/v2.0/subnets", json={"subnet": subnet})
        return str(made["id"])

    def server(self, name: str, image: str, network: str, flavor: str = "1") -> str:
        """A new server, which may still be building; its id."""
        body = {"name": name, "imageRef": image, "flavorRef": flavor, "networks": [{"uuid": network}]}
        return str(self.ask("POST", "/compute/v2.1/servers", json={"server": body})["server"]["id"])

    def volume(self, name: str) -> str:
        """A new volume that is available; its id."""
        made = self.ask("POST", "/volume/v3/volumes", json={"volume": {"name": name, "size": 1}})["volume"]["id"]

        def available() -> bool:
            return bool(self.ask("GET", f"/volume/v3/volumes/{made}")["volume"]["status"] == "available")

        until(f"volume {made} is available", available)
        return str(made)

    def until_active(self, server: str) -> None:
        def active() -> bool:
            return bool(self.ask("GET", f"/compute/v2.1/servers/{server}")["server"]["status"] == "ACTIVE")

        until(f"server {server} is active", active)

    def until_gone(self, path: str) -> None:
        headers = {"X-Auth-Token": self.token()}
        until(f"{path} is gone", lambda: self._http.get(path, headers=headers).status_code == 404)

    def quota(self, **limits: int) -> None:
        project = self.ask("GET", "/identity/v3/auth/tokens", headers={"X-Subject-Token": self.token()})
        id = project["token"]["project"]["id"]
        self.ask("PUT", f"/compute/v2.1/os-quota-sets/{id}", "admin", json={"quota_set": limits})


PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl described"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


class Visit:
    """A person at a browser of their own. What goes wrong in the page fails the test."""

    def __init__(self, browser: Browser, site: Site, language: str = "en", size: str = "desktop", dark: bool = False):
        width, height = SIZES[size]
        self.site = site
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, locale=language, base_url=site.address,
            color_scheme="dark" if dark else "light", permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        # A refused request is written there too; what it means to a person is for the tests to say.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def open(self, path: str = "/") -> None:
        self.page.goto(path)

    def sign_in(self, user: str = "demo", path: str = "/") -> Page:
        self.open(path)
        self.page.locator("#user").fill(user)
        self.page.locator("#password").fill(self.site.passwords[user])
        self.page.locator("#password").press("Enter")
        expect(self.page.locator("nav.side")).to_be_attached()
        return self.page

    def picture(self, name: str) -> None:
        """For people: reports/dashboard/<name>.png."""
        target = REPORTS / "dashboard" / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=target)

    def close(self) -> None:
        self.context.close()
        assert self.errors == []
