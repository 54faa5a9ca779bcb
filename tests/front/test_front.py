"""nginx as in a cloud, in front of two small servers that report what reached them."""

import contextlib
import gzip
import http.client
import json
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from kumoi.front import configuration
from kumoi.kernel import bodies
from kumoi.kernel.settings import Folder, Settings
from kumoi.services.object_store.objects import downloads
from kumoi.supervisor import metrics
from tests.ports import free_port
from tests.waits import PATIENCE, at_once, until

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
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
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

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = answer


class Backend(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """`threads`: how many requests it handles at once; each waits for its own body."""

    daemon_threads = True

    def __init__(self, name: str, path: Path, threads: int) -> None:
        self.name = name
        self.free = threading.Semaphore(threads)
        self.seen: list[str] = []
        super().__init__(str(path), Echo)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none."""

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self.free:
            super().process_request_thread(request, client_address)


class Front:
    def __init__(self, folder: Folder, **settings: Any) -> None:
        self.folder = folder
        self.port = free_port()
        for path in (folder.run / "front", folder.images, folder.data / "novnc", folder.run / "dashboard" / "assets"):
            path.mkdir(parents=True)
        (folder.run / "dashboard" / "index.html").write_text("the page")
        (folder.run / "dashboard" / "assets" / "main-1.js").write_text("plain")
        (folder.run / "dashboard" / "assets" / "main-1.js.gz").write_bytes(gzip.compress(b"plain"))
        (folder.images / "stored").write_bytes(b"x" * 3_000_000)
        (folder.data / "novnc" / "vnc.js").write_text("hello")
        self.api = [Backend("api", folder.api_socket(number), threads=2) for number in range(2)]
        self.streams = Backend("streams", folder.streams_socket, threads=1000)
        text = configuration.render(folder, Settings(port=self.port, **settings), folder.data / "novnc")
        (folder.run / "nginx.conf").write_text(text)
        argv = [str(nginx), "-p", str(folder.run), "-c", str(folder.run / "nginx.conf"), "-e", "stderr"]
        self.log = folder.data / "front.log"
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(argv, stderr=errors)
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        pid = self.folder.run / "nginx.pid"
        return pid.exists() and bool(pid.read_text())

    def send(self, request: bytes) -> tuple[http.client.HTTPResponse, Any]:
        """For requests that well-behaved clients do not send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response, json.loads(response.read())

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[http.client.HTTPResponse, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
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
        self.process.wait(PATIENCE)
        for backend in (*self.api, self.streams):
            backend.shutdown()
            backend.server_close()


@contextlib.contextmanager
def running(**settings: Any) -> Iterator[Front]:
    data = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
    made = Front(Folder(data), **settings)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(data)


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with running() as made:
        yield made


def test_what_is_no_stream_reaches_the_api_as_it_was_asked(front: Front) -> None:
    _, told = front.ask("GET", "/compute/v2.1/servers?name=a%2Fb", **{"X-Forwarded-Host": "evil", "X-Auth-Token": "t"})
    assert told["server"] == "api"
    assert told["path"] == "/compute/v2.1/servers?name=a%2Fb"
    assert told["headers"]["host"] == f"127.0.0.1:{front.port}"
    assert told["headers"]["x-forwarded-proto"] == "http"
    assert told["headers"]["x-auth-token"] == "t"
    assert "x-forwarded-host" not in told["headers"]


def test_image_bytes_go_to_the_streams_before_the_last_has_come(front: Front) -> None:
    connection, before = http.client.HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE), len(front.streams.seen)
    connection.putrequest("PUT", "/image/v2/images/1/file")
    connection.putheader("Content-Length", str(8_000_000))
    connection.endheaders()
    connection.send(b"x" * 4_000_000)
    until(lambda: len(front.streams.seen) > before, "bytes before the whole body was sent")
    connection.send(b"x" * 4_000_000)
    told = json.loads(connection.getresponse().read())
    assert (told["server"], told["length"]) == ("streams", 8_000_000)


PLACES = (
    "/healthcheck",
    "/identity/v3/auth/tokens",
    "/compute/v2.1/servers",
    "/compute/v2.1/console",
    "/image/v2/images",
    "/image/v2/images/1/file",
    "/image/v2/images/1/file/",
    "/image/v2/images/1/stage",
    "/image/v2/images//file",
    "/image//v2/images/1/file",
    "/image/v2/images/1/%66ile",
    "/_images/stored",
    "/novnc/vnc.js",
    "/assets/main-1.js",
    "/nothing",
)
"""At least one address of every location, with other spellings of matched ones."""


@pytest.mark.parametrize("place", PLACES)
def test_bodies_that_never_come_hold_nobody_else(front: Front, place: str) -> None:
    idle = []
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for length in ("Content-Length: 1000000", "Transfer-Encoding: chunked"):
            for _ in range(4):
                connection = socket.create_connection(("127.0.0.1", front.port), timeout=PATIENCE)
                idle.append(connection)
                connection.sendall(f"{method} {place} HTTP/1.1\r\nHost: cloud\r\n{length}\r\n\r\n".encode())
    try:
        for _ in range(3):
            assert front.ask("GET", "/healthcheck")[1]["server"] == "api"
    finally:
        for connection in idle:
            connection.close()


@pytest.mark.parametrize("path", ["/image/v2/images/1/file", "/image/v2/images/1/stage/"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "GET"])
def test_only_uploads_may_be_of_any_size(front: Front, method: str, path: str) -> None:
    assert front.ask(method, path, b"x" * 3_000_000)[0].status == 413
    response, told = front.ask("PUT", path, b"x" * 3_000_000)
    assert (response.status, told["server"], told["path"]) == (200, "streams", path)


def test_an_address_has_so_many_requests_at_once() -> None:
    with running(connections_per_address=3) as front:
        idle = []
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE)
            connection.putrequest("PUT", "/image/v2/images/1/file")
            connection.putheader("Content-Length", "10")
            connection.endheaders()
            idle.append(connection)
        until(lambda: front.ask("GET", "/identity/v3")[0].status != 200, "a refusal of the fourth")
        response, told = front.ask("GET", "/identity/v3")
        assert response.status == 429 and told["error"]["code"] == 429
        assert response.headers["Retry-After"] == "1"
        for connection in idle:
            connection.close()


MANY = 40
"""Requests at once. If a second's rate is one, all of them pass only if they take longer than half a minute."""


@pytest.mark.parametrize(
    "path", ["/identity/v3/auth/tokens", "/identity//v3/%61uth/tokens/", "/identity/v3/users/1/password"]
)
def test_an_address_has_so_many_logins_a_second(path: str) -> None:
    with running(logins_per_address=1) as front:
        answers = at_once([lambda: front.ask("POST", path, b"{}")] * MANY)
        assert {response.status for response, _ in answers} == {200, 429}
        assert {told["error"]["title"] for response, told in answers if response.status == 429} == {"Too Many Requests"}
        assert {front.ask("GET", path)[0].status for _ in range(8)} == {200}


def test_an_address_has_so_many_requests_a_second() -> None:
    with running(requests_per_address=1) as front:
        answers = at_once([lambda: front.ask("GET", "/compute/v2.1/servers")] * MANY)
        assert {response.status for response, _ in answers} == {200, 429}
    with running(requests_per_address=0, logins_per_address=0, connections_per_address=0) as front:
        assert {front.ask("POST", "/identity/v3/auth/tokens")[0].status for _ in range(120)} == {200}


def test_image_bytes_come_from_the_file_that_the_api_names(front: Front) -> None:
    response, raw = front.ask("GET", "/image/v2/images/stored/file")
    assert response.status == 200
    assert raw == b"x" * 3_000_000
    assert response.headers["Content-MD5"] == "abc"
    assert front.ask("GET", "/_images/stored")[0].status == 404


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/", "/servers", "/servers/a%2Fb?q=1", "/computers", "/images/compute/v2.1"])
def test_a_browser_gets_the_dashboard_outside_of_services(front: Front, path: str) -> None:
    response, raw = front.ask("GET", path, Accept=BROWSER)
    assert (response.status, raw, response.headers["Content-Type"]) == (200, b"the page", "text/html; charset=utf-8")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe-inline" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-cache"
    assert front.ask("GET", path, Accept="application/json")[1]["server"] == "api"
    assert front.ask("GET", path)[1]["server"] == "api"
    assert front.ask("POST", path, b"{}", Accept=BROWSER)[1]["server"] == "api"


@pytest.mark.parametrize(
    "path", ["/compute", "/compute/v2.1/", "/identity/v3", "/object-store/v1/AUTH_a/site/index.html"]
)
def test_a_browser_gets_a_services_own_answer_below_its_root(front: Front, path: str) -> None:
    assert front.ask("GET", path, Accept=BROWSER)[1]["server"] == "api"


def test_files_of_the_dashboard_are_kept_and_compressed(front: Front) -> None:
    response, raw = front.ask("GET", "/assets/main-1.js", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(raw) == b"plain" and response.headers["Content-Encoding"] == "gzip"
    assert "immutable" in response.headers["Cache-Control"] and "javascript" in response.headers["Content-Type"]
    assert front.ask("GET", "/assets/main-1.js")[1] == b"plain"
    assert front.ask("GET", "/assets/main-2.js")[0].status == 404
    assert front.ask("GET", "/assets/../index.html")[1]["server"] == "api"
    assert front.ask("GET", "/_dashboard")[0].status == 404


def test_consoles_are_upgraded_at_the_streams(front: Front) -> None:
    _, told = front.ask("GET", "/compute/v2.1/console?token=1", Upgrade="websocket", Connection="Upgrade")
    assert told["server"] == "streams"
    assert told["headers"]["upgrade"] == "websocket"
    assert told["headers"]["connection"] == "upgrade"
    response, raw = front.ask("GET", "/novnc/vnc.js")
    policy = response.headers["Content-Security-Policy"]
    assert f"connect-src 'self' ws://127.0.0.1:{front.port};" in policy and "frame-ancestors 'self'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in response.headers
    assert raw == b"hello" and "javascript" in response.headers["Content-Type"]


SHAPES = {
    "/identity/v3/users": ("error",),
    "/image/v2/images": ("error",),
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
    assert told["error"]["code"] == 416
    assert front.ask("GET", "/image/v2/images/stored/file", Range="bytes=2999990-")[1] == b"x" * 10


def test_an_api_that_is_away_is_said_in_json_and_comes_back(front: Front) -> None:
    hidden = [front.folder.run / f"hidden-{number}" for number in range(2)]
    for number in range(2):
        front.folder.api_socket(number).rename(hidden[number])
    response, told = front.ask("GET", "/identity/v3")
    assert response.status == 503
    assert response.headers["Retry-After"] == "1"
    assert told["error"]["code"] == 503
    assert front.ask("GET", "/network/v2.0/ports")[1]["NeutronError"]["type"] == "HTTPServiceUnavailable"
    for number in range(2):
        hidden[number].rename(front.folder.api_socket(number))
    assert front.ask("GET", "/identity/v3")[0].status == 200


def test_both_workers_of_the_api_are_asked_and_one_stands_in_for_the_other(front: Front) -> None:
    """Also for requests that change something: a request that was not delivered changed nothing."""
    before = [len(worker.seen) for worker in front.api]
    for _ in range(10):
        assert front.ask("GET", "/identity/v3")[0].status == 200
    assert [len(worker.seen) - count for worker, count in zip(front.api, before, strict=True)] == [5, 5]
    socket_of_one, hidden = front.folder.api_socket(1), front.folder.run / "hidden"
    socket_of_one.rename(hidden)
    for _ in range(4):
        assert front.ask("POST", "/identity/v3", b"x")[0].status == 200
    hidden.rename(socket_of_one)


def test_the_usual_name_of_a_health_check_reaches_the_apis_own(front: Front) -> None:
    assert front.ask("GET", "/healthz")[1]["path"] == "/healthcheck"


def test_metrics_are_what_the_supervisor_wrote(front: Front) -> None:
    assert front.ask("GET", "/metrics")[0].status == 404
    metrics.path(front.folder.data).write_text("kumoi_settled 1\n")
    response, told = front.ask("GET", "/metrics")
    assert (response.status, told) == (200, b"kumoi_settled 1\n")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert front.ask("POST", "/metrics", b"x")[0].status == 405


def test_what_opens_a_screen_is_in_no_log(front: Front) -> None:
    hidden = front.folder.run / "hidden"
    front.folder.streams_socket.rename(hidden)
    assert front.ask("GET", "/compute/v2.1/console?token=secret-1")[0].status == 503
    assert front.ask("GET", "/image/v2/images/x/file?name=plain")[0].status == 200
    assert front.ask("PUT", "/image/v2/images/x/file?name=plain", b"x")[0].status == 503
    hidden.rename(front.folder.streams_socket)
    assert front.ask("GET", "/novnc/none.html?path=compute/v2.1/console?token=secret-2")[0].status == 404
    assert "name=plain" in front.log.read_text() and "secret-" not in front.log.read_text()


def test_signatures_of_objects_are_in_no_log() -> None:
    with running(s3_host="s3.test") as front:
        for socket in (front.folder.api_socket(0), front.folder.api_socket(1), front.folder.streams_socket):
            socket.rename(f"{socket}-hidden")
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            for host, path in (
                ("127.0.0.1", "/object-store/v1/AUTH_a/c/o?temp_url_sig=secret-1"),
                ("127.0.0.1", "/s3/b/k?X-Amz-Signature=secret-2"),
                ("b.s3.test", "/k?X-Amz-Signature=secret-3"),
            ):
                assert front.ask(method, path, b"", Host=host)[0].status == 503
        assert front.ask("GET", "/image/v2/images?name=plain")[0].status == 503
        assert "name=plain" in front.log.read_text() and "secret-" not in front.log.read_text()


def test_the_host_of_s3_and_those_of_its_buckets_begin_below_s3() -> None:
    with running(s3_host="s3.test") as front:
        for host, path, seen in (
            ("s3.test", "/", "/s3/"), ("S3.test:1234", "/b/k?a=b", "/s3/b/k?a=b"), ("b.s3.test", "/", "/s3/b/"),
            ("a.b.s3.test", "/k//%2e%2F/../x%20y?list-type=2", "/s3/a.b/k//%2e%2F/../x%20y?list-type=2"),
            ("b.s3.test", "/metrics", "/s3/b/metrics"), ("b.s3.test", "/compute/v2.1/console", "/s3/b/compute/v2.1/console"),
            ("127.0.0.1", "/s3/b/k", "/s3/b/k"), ("xs3.test", "/s3/b", "/s3/b"), ("s3.test.org", "/s3/b", "/s3/b"),
        ):  # fmt: skip
            told = front.ask("GET", path, Host=host)[1]
            assert (told["path"], told["server"], told["headers"]["host"]) == (seen, "api", host)
            told = front.ask("PUT", path, b"x", Host=host)[1]
            assert (told["path"], told["server"], told["length"]) == (seen, "streams", 1)
        front.folder.api_socket(0).unlink()
        front.folder.api_socket(1).unlink()
        response, body = front.ask("GET", "/compute/v2.1", Host="b.s3.test")
        assert (response.status, response.headers["Content-Type"]) == (503, "application/xml")
        assert b"<Code>ServiceUnavailable</Code>" in body


def test_with_tls_browsers_are_told_to_stay_with_it(tmp_path: Path) -> None:
    text = configuration.render(Folder(tmp_path), Settings(tls_certificate="c", tls_key="k"), tmp_path)
    assert text.count("add_header Strict-Transport-Security $transport_security always;") > 10
    assert "wss://$http_host" in text
    origins = "https://a.example https://b.example"
    framed = configuration.render(Folder(tmp_path), Settings(console_origins=origins), tmp_path)
    assert f"frame-ancestors 'self' {origins}\"" in framed


def test_a_path_that_nginx_would_misread_is_refused(tmp_path: Path) -> None:
    assert configuration.render(Folder(tmp_path), Settings(), tmp_path)
    with pytest.raises(ValueError, match="run"):
        configuration.render(Folder(tmp_path / "a;b"), Settings(), tmp_path)


def test_a_place_with_headers_of_its_own_sends_all_of_them(tmp_path: Path) -> None:
    """nginx inherits no headers if a location sets one. Without Host a console's Origin would look foreign, and a
    client's own X-Forwarded-Host would be trusted."""
    text = configuration.render(Folder(tmp_path), Settings(), tmp_path)
    places = re.findall(r"location [^{]*\{([^}]*)\}", text)
    with_headers = [place for place in places if "proxy_set_header" in place]
    assert with_headers
    for place in with_headers:
        names = set(re.findall(r"proxy_set_header (\S+)", place))
        assert {"Host", "X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded"} <= names, place


def test_the_front_keeps_what_objects_have_beside_their_bytes(tmp_path: Path) -> None:
    """Whatever the API trusts it to keep; the rest of them nginx keeps of its own accord."""
    text = configuration.render(Folder(tmp_path), Settings(), tmp_path)
    place = text.partition("location /_objects/ {")[2].partition("location")[0]
    kept = {name.lower() for name in re.findall(r"add_header (\S+) \$upstream_http_", place)}
    assert "content-security-policy" in kept
    assert downloads.CARRIED - kept == {"accept-ranges", "cache-control", "content-disposition", "expires"}
