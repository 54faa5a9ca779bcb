"""The console output of a guest, and its screen through a websocket."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import falcon.testing
import pytest

from kumoi.engines.hypervisor.fake import FakeHypervisor
from kumoi.kernel import clock, streams
from kumoi.services.compute.consoles import live
from kumoi.services.compute.consoles.models import tokens
from tests.cloud import CALLERS
from tests.services.compute.world import LATEST, SERVERS, World
from tests.waits import PATIENCE

BANNER = b"RFB 003.008\n"


class Screen:
    """A guest's screen that sends a banner and then echoes its input."""

    def __init__(self, path: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.connections: list[socket.socket] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            connection.sendall(BANNER)
            while data := connection.recv(65536):
                connection.sendall(data)

    def close(self) -> None:
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def screen(world: World, tmp_path: Path) -> Any:
    path = tmp_path / "vnc"
    made = Screen(path)
    world.cloud.engines[FakeHypervisor].screen = str(path)
    yield made
    made.listener.close()


def opened(world: World, server_id: str, version: str = LATEST) -> str:
    body = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    made = world.cloud.post(f"{SERVERS}/{server_id}/remote-consoles", version=version, json=body)
    assert made.status_code == 200, made.text
    assert made.json["remote_console"]["type"] == "novnc"
    return str(made.json["remote_console"]["url"])


def websocket_path(url: str) -> str:
    parts = urlsplit(url)
    assert parts.path == "/novnc/vnc_lite.html"
    (path,) = parse_qs(parts.query)["path"]
    return f"/{path}"


def test_the_log(world: World) -> None:
    server_id = world.boot()
    fake = world.cloud.engines[FakeHypervisor]
    fake.say(server_id, "one\ntwo\x1b[0m\n")
    assert world.act(server_id, "os-getConsoleOutput", {"length": 2}).json == {"output": "two[0m\n"}
    assert world.act(server_id, "os-getConsoleOutput", {"length": "3"}).json["output"].startswith("one")
    assert world.act(server_id, "os-getConsoleOutput", {"length": 0}).json["output"] == ""
    for everything in ({}, {"length": None}, {"length": -1}):
        assert "login:" in world.act(server_id, "os-getConsoleOutput", everything).json["output"]
    for wrong in ({"length": "x"}, {"length": -2}, {"lines": 1}):
        assert world.act(server_id, "os-getConsoleOutput", wrong).status_code == 400
    assert world.act(server_id, "os-getConsoleOutput", {}, as_="other").status_code == 404
    building = world.ask("two").json["server"]["id"]
    assert world.act(building, "os-getConsoleOutput", {}).status_code == 409


def test_bytes_go_both_ways_until_the_guest_ends(world: World, screen: Screen) -> None:
    path = websocket_path(opened(world, world.boot()))
    app = streams.asgi(world.cloud.api)

    async def look() -> None:
        place, _, query = path.partition("?")
        async with (
            falcon.testing.ASGIConductor(app) as conductor,
            conductor.simulate_ws(place, query_string=query) as browser,
        ):
            assert await browser.receive_data() == BANNER
            large = bytes(range(256)) * 1000
            await browser.send_data(large)
            heard = b""
            while len(heard) < len(large):
                heard += await browser.receive_data()
            assert heard == large
            screen.close()
            with pytest.raises(falcon.WebSocketDisconnected):
                await browser.receive_data()

    asyncio.run(look())


def test_a_token_is_for_a_while_and_for_one_server(world: World, screen: Screen) -> None:
    server_id = world.boot()
    path = websocket_path(opened(world, server_id))
    token = path.partition("token=")[2]
    shown = world.cloud.get(f"/compute/v2.1/os-console-auth-tokens/{token}", as_="admin", version="2.31")
    assert shown.json["console"]["instance_uuid"] == server_id
    assert world.cloud.get("/compute/v2.1/os-console-auth-tokens/none", as_="admin", version="2.31").status_code == 404
    app = streams.asgi(world.cloud.api)

    async def refused(query: str) -> None:
        async with falcon.testing.ASGIConductor(app) as conductor:
            with pytest.raises(falcon.WebSocketDisconnected):
                async with conductor.simulate_ws("/compute/v2.1/console", query_string=query):
                    pass

    asyncio.run(refused("token=bad"))
    asyncio.run(refused(""))
    late = clock.VirtualClock(clock.now())
    late.advance(601)
    with clock.using(late):
        asyncio.run(refused(f"token={token}"))
    world.cloud.delete(f"{SERVERS}/{server_id}")
    world.cloud.settle()
    asyncio.run(refused(f"token={token}"))


def look(world: World, path: str, then: Callable[[Any], Awaitable[None]], **headers: str) -> None:
    """Open a console and go on with its connection."""
    app, (place, _, query) = streams.asgi(world.cloud.api), path.partition("?")

    async def looking() -> None:
        async with (
            falcon.testing.ASGIConductor(app) as conductor,
            conductor.simulate_ws(place, query_string=query, headers=headers) as browser,
        ):
            assert await browser.receive_data() == BANNER
            await then(browser)

    asyncio.run(asyncio.wait_for(looking(), PATIENCE))


async def nothing(_browser: Any) -> None: ...


async def closed(browser: Any) -> None:
    with pytest.raises(falcon.WebSocketDisconnected):
        await browser.receive_data()


def test_pages_of_elsewhere_may_not_look(world: World, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    path = websocket_path(opened(world, world.boot()))
    look(world, path, nothing, Origin="http://falconframework.org")
    for foreign in ("https://evil.example", "http://falconframework.org.evil.example", "null"):
        with pytest.raises(falcon.WebSocketDisconnected):
            look(world, path, nothing, Origin=foreign)
    monkeypatch.setattr(world.cloud.settings, "console_origins", "https://one.example https://dashboard.example")
    look(world, path, nothing, Origin="https://dashboard.example")


def test_one_connection_at_a_time(world: World, screen: Screen) -> None:
    path = websocket_path(opened(world, world.boot()))
    app, (place, _, query) = streams.asgi(world.cloud.api), path.partition("?")

    async def twice(browser: Any) -> None:
        async with falcon.testing.ASGIConductor(app) as conductor:
            with pytest.raises(falcon.WebSocketDisconnected) as refused:
                async with conductor.simulate_ws(place, query_string=query):
                    pass
            assert refused.value.code == 3409

    look(world, path, twice)
    look(world, path, nothing)


@pytest.mark.parametrize("gone", ["token", "role", "server"])
def test_a_console_ends_with_the_right(
    world: World, screen: Screen, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    monkeypatch.setattr(live, "WATCH_SECONDS", 0.05)
    server_id = world.boot()
    path = websocket_path(opened(world, server_id))

    async def lose(browser: Any) -> None:
        await asyncio.sleep(0.2)
        if gone == "token":
            monkeypatch.delitem(CALLERS, "member")
        elif gone == "role":
            monkeypatch.setitem(CALLERS, "member", CALLERS["reader"])
        else:
            await asyncio.to_thread(world.cloud.delete, f"{SERVERS}/{server_id}", as_="admin")
            await asyncio.to_thread(world.cloud.settle)
        await closed(browser)

    look(world, path, lose)
    with pytest.raises(falcon.WebSocketDisconnected):
        look(world, path, nothing)


def test_the_token_of_whoever_opened_it_is_kept_sealed(world: World, screen: Screen) -> None:
    opened(world, world.boot())
    rows = world.cloud.database.read(lambda tx: tx.rows(tokens))
    assert rows and "member" not in str(rows[0]["sealed"])


def test_consoles_that_there_are_not(world: World, screen: Screen) -> None:
    server_id = world.boot()
    body = {"remote_console": {"protocol": "spice", "type": "spice-html5"}}
    path = f"{SERVERS}/{server_id}/remote-consoles"
    assert world.cloud.post(path, version="2.6", json=body).status_code == 400
    assert world.cloud.post(path, version="2.5", json=body).status_code == 404
    old = world.act(server_id, "os-getVNCConsole", {"type": "novnc"}, version="2.5")
    assert old.json["console"]["type"] == "novnc" and "/novnc/" in old.json["console"]["url"]
    assert world.act(server_id, "os-getVNCConsole", {"type": "novnc"}, version="2.6").status_code in (400, 404)
    assert world.act(server_id, "os-getVNCConsole", {"type": "invalid"}, version="2.5").status_code == 400


def test_a_fake_guest_has_no_screen(world: World) -> None:
    server_id = world.boot()
    body = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    refused = world.cloud.post(f"{SERVERS}/{server_id}/remote-consoles", version="2.6", json=body)
    assert refused.status_code == 409 and "no screen" in refused.json["conflictingRequest"]["message"]
