"""Connections to another cloud's object store."""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import SplitResult

BLOCK = 1 << 20
SECONDS = 60.0
"""How long an answer, or room for the next bytes, is waited for."""
_LONGEST_ANSWER = 1 << 16


class Down(Exception):
    """The other cloud does not answer."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


class Line:
    """One connection, for one thread at a time. It stays open between requests."""

    def __init__(self, address: SplitResult) -> None:
        self._address = address
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | BinaryIO = b"", size: int = 0
    ) -> Answer:
        """`body`: bytes, or a file of `size` bytes. Down if there is no answer."""
        fresh = self._connection is None
        try:
            return self._ask(method, path, headers, body, size)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # The other side may have closed a connection on which nothing was asked for a while.
            if not fresh and not isinstance(error, TimeoutError):
                try:
                    return self._ask(method, path, headers, body, size)
                except (OSError, http.client.HTTPException) as again:
                    self.close()
                    error = again
            raise Down(f"{self._address.netloc} does not answer: {error or type(error).__name__}") from error

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | BinaryIO, size: int) -> Answer:
        connection = self._connection = self._connection or self._connect()
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if method == "PUT":
            connection.putheader("Content-Length", str(len(body) if isinstance(body, bytes) else size))
        connection.endheaders()
        if isinstance(body, bytes):
            if body:
                connection.send(body)
        else:
            _pour(connection, body, size)
        response = connection.getresponse()
        text = response.read(_LONGEST_ANSWER).decode("utf-8", "replace")
        if not response.isclosed():
            self.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close:
            self.close()
        return Answer(response.status, found, text)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        if self._address.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context, blocksize=BLOCK)
        return http.client.HTTPConnection(host, port, timeout=SECONDS, blocksize=BLOCK)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _pour(connection: http.client.HTTPConnection, file: BinaryIO, size: int) -> None:
    file.seek(0)
    try:
        file.fileno()
        plain = not isinstance(connection.sock, ssl.SSLSocket)
    except OSError:
        plain = False
    if plain:
        # The kernel copies the bytes.
        sent = connection.sock.sendfile(file, 0, size)
    else:
        sent = 0
        while block := file.read(BLOCK):
            connection.sock.sendall(block)
            sent += len(block)
    if sent != size:
        raise OSError(f"the object has {sent} bytes instead of {size}")
