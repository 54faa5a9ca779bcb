"""What the operator tells guests, the password that a guest sets, and answers that a guest already has."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kumoi.engines.hypervisor import passwords
from kumoi.engines.hypervisor.interface import GuestAddress
from kumoi.host.metadata import vendor as vendors
from kumoi.host.metadata.documents import config_drive
from kumoi.host.metadata.server import QUESTION_WITHIN, MetadataServer
from kumoi.host.metadata.vendor import Vendor
from kumoi.kernel.settings import Settings
from tests.engines.hypervisor.contract import metadata

ABOUT = msgspec.structs.replace(metadata("a"), addresses=[GuestAddress("red", "10.0.0.5")])


class Target(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = 500 if self.path == "/broken" else 200
        body = json.dumps({"asked": question, "path": self.path}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def target() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    return tmp_path


def served(vendor: Vendor, folders: Path) -> Iterator[MetadataServer]:
    made = MetadataServer(vendor, folders)
    made.publish("a", ABOUT)
    yield made
    made.close()


def get(server: MetadataServer, path: str) -> tuple[int, bytes]:
    return server.answer("red", "10.0.0.5", "GET", path)


def test_the_operators_object(tmp_path: Path, folders: Path) -> None:
    file = tmp_path / "vendor.json"
    file.write_text('{"mirror": "http://mirror"}')
    vendor = Vendor.of(Settings(vendor_data=str(file)))
    for server in served(vendor, folders):
        assert json.loads(get(server, "/openstack/latest/vendor_data.json")[1]) == {"mirror": "http://mirror"}
        second = json.loads(get(server, "/openstack/latest/vendor_data2.json")[1])
        assert second == {"static": {"mirror": "http://mirror"}}
    for wrong in ("[1]", "x"):
        file.write_text(wrong)
        assert Vendor.of(Settings(vendor_data=str(file))).first() == b"{}"
    assert Vendor.of(Settings(vendor_data="/nowhere")).first() == b"{}"


def test_targets_are_asked_for_each_guest(target: str, folders: Path) -> None:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    silent = f"silent@http://127.0.0.1:{listening.getsockname()[1]}/"
    vendor = Vendor.of(Settings(vendor_data_targets=f"own@{target}/x?y=1 broken@{target}/broken {silent}"))
    for server in served(vendor, folders):
        found = json.loads(get(server, "/openstack/2016-10-06/vendor_data2.json")[1])
        assert set(found) == {"own"} and found["own"]["path"] == "/x?y=1"
        asked = found["own"]["asked"]
        assert (asked["instance-id"], asked["project-id"]) == ("a", ABOUT.project_id)
        assert asked["metadata"] == ABOUT.meta and asked["hostname"] == ABOUT.hostname
    listening.close()


def test_the_config_drive_has_them_too() -> None:
    drive = config_drive(ABOUT, b"", b'{"a":1}', b'{"static":{"a":1}}')
    assert drive["openstack/latest/vendor_data.json"] == b'{"a":1}'
    assert drive["openstack/latest/vendor_data2.json"] == b'{"static":{"a":1}}'


@pytest.mark.parametrize("text", ["x", "a@ftp://b", "a@http://b c", "a-b@http://c"])
def test_targets_that_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"vendor_data_targets": text}, Settings)


def test_a_password_is_set_once(folders: Path) -> None:
    path = "/openstack/latest/password"
    for server in served(Vendor(), folders):

        def post(body: bytes, path: str = path) -> int:
            return server.answer("red", "10.0.0.5", "POST", path, body)[0]  # noqa: B023

        assert get(server, path) == (200, b"")
        assert post(b"x" * (passwords.LONGEST + 1)) == 400
        assert post(b"secret") == 200 and post(b"other") == 409
        assert get(server, path) == (200, b"secret") == get(server, "/openstack/2013-04-04/password")
        assert post(b"x", "/openstack/2012-08-10/password") == 405 == post(b"x", "/openstack/latest/user_data")
        passwords.clear(folders / "a")
        assert get(server, path) == (200, b"") and post(b"new") == 200
        assert server.answer("red", "10.0.0.6", "POST", path, b"x")[0] == 404


def test_what_a_guest_has_is_not_sent_again(folders: Path) -> None:
    """Over a socket, as a guest asks."""
    for server in served(Vendor(), folders):
        server.by_address["red", "127.0.0.1"] = "a"
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)

        async def serve() -> Any:
            async def meet(reader: Any, writer: Any) -> None:
                await server._converse("red", reader, writer)  # noqa: B023

            return await asyncio.start_server(meet, sock=listening)  # noqa: B023

        opened = server._inside(serve())

        def ask(method: str, path: str, *headers: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
            with socket.create_connection(listening.getsockname()) as client:  # noqa: B023
                lines = [f"{method} {path} HTTP/1.1", f"Content-Length: {len(body)}", *headers, "", ""]
                client.sendall("\r\n".join(lines).encode() + body)
                answer = b""
                while part := client.recv(65536):
                    answer += part
            head, _, rest = answer.partition(b"\r\n\r\n")
            status, *told = head.decode().split("\r\n")
            return int(status.split()[1]), dict(line.split(": ", 1) for line in told), rest

        status, headers, body = ask("GET", "/openstack/latest/meta_data.json")
        assert status == 200 and json.loads(body)["uuid"] == "a"
        again = ask("GET", "/openstack/latest/meta_data.json", f"If-None-Match: {headers['ETag']}")
        assert (again[0], again[2]) == (304, b"")
        server.publish("a", msgspec.structs.replace(ABOUT, meta={"new": "yes"}))
        server.by_address["red", "127.0.0.1"] = "a"
        assert ask("GET", "/openstack/latest/meta_data.json", f"If-None-Match: {headers['ETag']}")[0] == 200
        assert ask("POST", "/openstack/latest/password", body=b"secret")[0] == 200
        assert ask("GET", "/openstack/latest/password")[2] == b"secret"
        assert ask("POST", "/openstack/latest/password", body=b"x" * 5000)[0] == 400
        server.loop.call_soon_threadsafe(opened.close)


def test_the_deadline_is_shorter_than_a_guests_question() -> None:
    assert vendors.WITHIN < QUESTION_WITHIN
