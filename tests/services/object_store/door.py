"""The object store of a test's cloud behind a port of this machine, as another cloud reaches it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.services.object_store.sending import ask


class Door:
    """`asked`: method and path of each request. `broken`: answers 503 to everything. `refuses`: statuses by path's end."""

    def __init__(self, cloud: Any) -> None:
        self.cloud, self.asked, self.broken = cloud, list[tuple[str, str]](), False
        self.refuses: dict[str, int] = {}
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                path, _, query = self.path.partition("?")
                door.asked.append((self.command, path))
                refused = 503 if door.broken else next((s for end, s in door.refuses.items() if path.endswith(end)), 0)
                if refused:
                    self._send(refused, {}, b"")
                    return
                headers = {name: value for name, value in self.headers.items() if name != "Host"}
                more = {"body": body} if self.command == "PUT" else {}
                answer = ask(door.cloud, self.command, path, None, headers=headers, query_string=query, **more)
                self._send(answer.status, answer.headers, answer.content)

            def _send(self, status: int, headers: Any, content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/object-store/v1"

    def open(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def opened(cloud: Any) -> Iterator[Door]:
    door = Door(cloud)
    door.open()
    try:
        yield door
    finally:
        door.close()
