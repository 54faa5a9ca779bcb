"""nginx as a cloud runs it, before two small servers that tell what reached them."""

import http.client
import json
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from kumoi.front import configuration
from kumoi.kernel import bodies
from kumoi.kernel.settings import Folder, Settings
from tests.ports import free_port

PORT = free_port()
nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(nginx is None, reason="nginx is not installed")


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: Any) -> None: ...

    def end_headers(self) -> None:
        self.send_header("Connection", "close")
        super().end_headers()

    def answer(self) -> None:
        if self.path.endswith("/v2/images/stored/file") and self.command == "GET":
            self.send_response(200)
            self.send_header("X-Accel-Redirect", "/_images/stored")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-MD5", "abc")
            self.send_header("X-Openstack-Request-Id", "req-of-the-api")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        length = int(self.headers.get("Content-Length") or 0)
        first = self.rfile.read(min(length, 1000))
        self.server.seen.append((self.path, time.monotonic()))  # type: ignore[attr-defined]
        rest = self.rfile.read(length - len(first))
        told = {
            "server": self.server.name,  # type: ignore[attr-defined]
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "length": len(first) + len(rest),
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = answer


class Backend(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.seen: list[tuple[str, float]] = []
        super().__init__(str(path), Echo)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Front:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        for path in (folder.run / "front", folder.images, folder.data / "novnc"):
            path.mkdir(parents=True)
        (folder.images / "stored").write_bytes(b"x" * 3_000_000)
        (folder.data / "novnc" / "vnc.js").write_text("hello")
        self.api = Backend("api", folder.api_socket(0))
        self.streams = Backend("streams", folder.streams_socket)
        text = configuration.render(folder, Settings(port=PORT), folder.data / "novnc")
        (folder.run / "nginx.conf").write_text(text)
        argv = [str(nginx), "-p", str(folder.run), "-c", str(folder.run / "nginx.conf"), "-e", "stderr"]
        self.log = folder.data / "front.log"
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(argv, stderr=errors)
        stop = time.monotonic() + 5
        while not (folder.run / "nginx.pid").exists() or not (folder.run / "nginx.pid").read_text():
            assert self.process.poll() is None and time.monotonic() < stop, self.log.read_text()
            time.sleep(0.01)

    def send(self, request: bytes) -> tuple[http.client.HTTPResponse, Any]:
        """For what no client of good manners sends."""
        with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response, json.loads(response.read())

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[http.client.HTTPResponse, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        connection.request(method, path, body, headers, encode_chunked=False)
        response = connection.getresponse()
        raw = response.read()
        connection.close()
        try:
            return response, json.loads(raw)
        except ValueError:
            return response, raw

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(5)
        for backend in (self.api, self.streams):
            backend.shutdown()
            backend.server_close()


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    data = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
    made = Front(Folder(data))
    yield made
    made.close()
    shutil.rmtree(data)


def test_what_is_no_stream_reaches_the_api_as_it_was_asked(front: Front) -> None:
    _, told = front.ask("GET", "/compute/v2.1/servers?name=a%2Fb", **{"X-Forwarded-Host": "evil", "X-Auth-Token": "t"})
    assert told["server"] == "api"
    assert told["path"] == "/compute/v2.1/servers?name=a%2Fb"
    assert told["headers"]["host"] == f"127.0.0.1:{PORT}"
    assert told["headers"]["x-forwarded-proto"] == "http"
    assert told["headers"]["x-auth-token"] == "t"
    assert "x-forwarded-host" not in told["headers"]


def test_image_bytes_go_to_the_streams_before_the_last_has_come(front: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    connection.putrequest("PUT", "/image/v2/images/1/file")
    connection.putheader("Content-Length", str(8_000_000))
    connection.endheaders()
    connection.send(b"x" * 4_000_000)
    stop = time.monotonic() + 5
    while not front.streams.seen:
        assert time.monotonic() < stop, "nothing came before the whole body was sent"
        time.sleep(0.01)
    connection.send(b"x" * 4_000_000)
    told = json.loads(connection.getresponse().read())
    assert (told["server"], told["length"]) == ("streams", 8_000_000)


def test_image_bytes_come_from_the_file_that_the_api_names(front: Front) -> None:
    response, raw = front.ask("GET", "/image/v2/images/stored/file")
    assert response.status == 200
    assert raw == b"x" * 3_000_000
    assert response.headers["Content-MD5"] == "abc"
    assert front.ask("GET", "/_images/stored")[0].status == 404


def test_consoles_are_upgraded_at_the_streams(front: Front) -> None:
    _, told = front.ask("GET", "/compute/v2.1/console?token=1", Upgrade="websocket", Connection="Upgrade")
    assert told["server"] == "streams"
    assert told["headers"]["upgrade"] == "websocket"
    assert told["headers"]["connection"] == "upgrade"
    response, raw = front.ask("GET", "/novnc/vnc.js")
    assert raw == b"hello" and "javascript" in response.headers["Content-Type"]


SHAPES = {
    "/identity/v3/users": ("error",),
    "/image/v2/images": ("message", "code", "title"),
    "/placement/resource_providers": ("errors",),
    "/compute/v2.1/servers": (),
    "/network/v2.0/networks": ("NeutronError",),
    "/volume/v3/volumes": (),
    "/kumoi/v1/placement/dry-run": ("error",),
    "/nobody": ("error",),
}
"""Path → the keys of an error's body there; none: it is called by its status."""


@pytest.mark.parametrize("path", SHAPES)
def test_a_body_too_large_is_refused_in_the_shape_of_its_service(front: Front, path: str) -> None:
    assert configuration.LARGEST_BODY == bodies.LARGEST_SENT
    response, told = front.ask("POST", path, b"x" * 3_000_000)
    assert response.status == 413
    assert response.headers["Content-Type"] == "application/json"
    assert tuple(told) == (SHAPES[path] or ("overLimit",))
    request_id = response.headers["X-Openstack-Request-Id"]
    assert re.fullmatch(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id)
    assert front.ask("POST", path, b"x" * 3_000_000)[0].headers["X-Openstack-Request-Id"] != request_id
    if path.startswith(("/compute", "/volume")):
        assert response.headers["X-Compute-Request-Id"] == request_id
    else:
        assert "X-Compute-Request-Id" not in response.headers
    if path.startswith("/placement"):
        assert told["errors"][0]["request_id"] == request_id


@pytest.mark.parametrize("path", SHAPES)
@pytest.mark.parametrize(
    ("request_line", "status", "fault"),
    [
        ("GET {}/a%00b HTTP/1.1", 400, "badRequest"),
        ("GET {}/%zz HTTP/1.1", 400, "badRequest"),
        ("TRACE {} HTTP/1.1", 405, "badMethod"),
        ("GET {}/" + "x" * 40_000 + " HTTP/1.1", 414, "computeFault"),
        ("GET {} HTTP/1.1\r\nX: " + "x" * 40_000, 431, "computeFault"),
        ("POST {} HTTP/1.1\r\nTransfer-Encoding: gzip", 501, "notImplemented"),
    ],
    ids=["nul", "escape", "trace", "long", "headers", "encoding"],
)
def test_what_nginx_refuses_has_the_shape_of_its_service(
    front: Front, path: str, request_line: str, status: int, fault: str
) -> None:
    response, told = front.send(request_line.format(path).encode() + b"\r\nHost: cloud\r\n\r\n")
    assert response.status == status
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Openstack-Request-Id"].startswith("req-")
    assert tuple(told) == (SHAPES[path] or (fault,))


def test_a_range_that_an_image_does_not_have_is_refused_as_images_refuse(front: Front) -> None:
    response, told = front.ask("GET", "/image/v2/images/stored/file", Range="bytes=3000000-")
    assert response.status == 416
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Range"] == "bytes */3000000"
    assert response.headers["X-Openstack-Request-Id"] == "req-of-the-api"
    assert told["code"].startswith("416 ")
    assert front.ask("GET", "/image/v2/images/stored/file", Range="bytes=2999990-")[1] == b"x" * 10


def test_an_api_that_is_away_is_said_in_json_and_comes_back(front: Front) -> None:
    hidden = front.folder.run / "hidden"
    front.folder.api_socket(0).rename(hidden)
    response, told = front.ask("GET", "/identity/v3")
    assert response.status == 503
    assert response.headers["Retry-After"] == "1"
    assert told["error"]["code"] == 503
    assert front.ask("GET", "/network/v2.0/ports")[1]["NeutronError"]["type"] == "HTTPServiceUnavailable"
    hidden.rename(front.folder.api_socket(0))
    assert front.ask("GET", "/identity/v3")[0].status == 200


def test_what_opens_a_screen_is_in_no_log(front: Front) -> None:
    hidden = front.folder.run / "hidden"
    front.folder.streams_socket.rename(hidden)
    assert front.ask("GET", "/compute/v2.1/console?token=secret-1")[0].status == 503
    assert front.ask("GET", "/image/v2/images/x/file?name=plain")[0].status == 200
    assert front.ask("PUT", "/image/v2/images/x/file?name=plain", b"x")[0].status == 503
    hidden.rename(front.folder.streams_socket)
    assert front.ask("GET", "/novnc/none.html?path=compute/v2.1/console?token=secret-2")[0].status == 404
    assert "name=plain" in front.log.read_text() and "secret-" not in front.log.read_text()


def test_a_path_that_nginx_would_misread_is_refused(tmp_path: Path) -> None:
    assert configuration.render(Folder(tmp_path), Settings(), tmp_path)
    with pytest.raises(ValueError, match="run"):
        configuration.render(Folder(tmp_path / "a;b"), Settings(), tmp_path)
