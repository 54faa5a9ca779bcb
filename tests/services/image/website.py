"""A web server for tests of downloads, on a port of its own: it sends what a test puts on its shelf."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


class Website:
    """`shelf`: path → status, headers (an empty one is not sent) and body. `asked`: the requests that came, with their
    headers. `slow`: paths whose answer never ends; the value is what comes of it, a byte at a time, or not at all:
    `body`, `headers` or `nothing`. `left`: a client ended such a connection."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.slow: dict[str, str] = {}
        self.left, self._closing = threading.Event(), threading.Event()
        self.shelf: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                if self.path in site.slow:
                    return self._trickle(site.slow[self.path])
                status, headers, body = site.shelf.get(self.path.partition("?")[0], (404, {}, b""))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if headers.get("Content-Length", str(len(body))) != str(len(body)):
                    self.close_connection = True

            def _trickle(self, part: str) -> None:
                self.close_connection = True
                if part == "body":
                    self.send_response(200)
                    self.end_headers()
                elif part == "headers":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                self.connection.settimeout(0.02)
                while not site._closing.is_set():
                    try:
                        if part != "nothing":
                            self.wfile.write(b"x")
                        if not self.connection.recv(1):
                            break
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                else:
                    return
                site.left.set()

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """The URL of what is sent then."""
        self.shelf[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        return f"http://127.0.0.1:{self.port}{path}"

    def put_slow(self, path: str, part: str = "body") -> str:
        self.slow[path] = part
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
