"""Serves metadata at 169.254.169.254 and fe80::a9fe:a9fe, in the namespace of each network."""

import asyncio
import contextlib
import ctypes
import hashlib
import ipaddress
import os
import re
import socket
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TypeVar

from kumoi.engines.hypervisor import passwords
from kumoi.engines.hypervisor.interface import GuestMetadata
from kumoi.engines.network.interface import METADATA_ADDRESS, METADATA_ADDRESS_V6, NetworkError
from kumoi.host.metadata.documents import VERSIONS, WRITABLE_SINCE, documents, listing
from kumoi.host.metadata.vendor import Vendor
from kumoi.kernel import log, randomness

ROOM = "host.metadata"
PORT = 80
NAMESPACES = Path("/run/netns")

QUESTION_WITHIN = 10.0
"""Seconds for a guest to send its request, and to read the answer."""
AT_ONCE = 64
"""Open connections of one network. More are closed, so that one network cannot block another."""
LONGEST_QUESTION = 16 * 1024
"""Bytes."""
SEED_BYTES = 512

_CLONE_NEWNET = 0x40000000
_REASONS = {
    200: "OK", 304: "Not Modified", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
}  # fmt: skip
PASSWORD = re.compile(rf"openstack/({'|'.join(each for each in VERSIONS if each >= WRITABLE_SINCE)})/password")
NO_VENDOR = Vendor()

T = TypeVar("T")


@dataclass
class _Published:
    metadata: GuestMetadata
    paths: dict[str, bytes] | None = None
    """The rendered documents; None before the first request."""


@dataclass
class _Listener:
    servers: list[asyncio.Server]
    inode: int
    """The inode of the namespace. A recreated namespace has another one."""
    open: int = 0


class MetadataServer:
    """Finds a guest of this host by (network, address). Thread-safe."""

    def __init__(self, vendor: Vendor = NO_VENDOR, guests: Path | None = None) -> None:
        """`guests`: the folder that has one of each guest, for its password."""
        self.vendor = vendor
        self.folders = guests
        self.lock = Lock()
        self.guests: dict[str, _Published] = {}
        self.by_address: dict[tuple[str, str], str] = {}
        self.listeners: dict[str, _Listener] = {}
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, name="metadata", daemon=True)
        self.thread.start()

    def publish(self, server_id: str, metadata: GuestMetadata | None) -> None:
        """Set the metadata of a guest for its next request; None: the guest is gone."""
        with self.lock:
            before = self.guests.pop(server_id, None)
            for key in _addresses(before.metadata) if before else ():
                if self.by_address.get(key) == server_id:
                    del self.by_address[key]
            if metadata is not None:
                self.guests[server_id] = _Published(metadata)
                self.by_address.update(dict.fromkeys(_addresses(metadata), server_id))

    def listen(self, network_id: str, namespace: str) -> None:
        """Answer on a network, in the namespace of its metadata port. Does nothing if it already answers there."""
        path = NAMESPACES / namespace
        try:
            inode = path.stat().st_ino
            with self.lock:
                known = self.listeners.get(network_id)
            if known and known.inode == inode:
                return
            if known:
                self.quiet(network_id)
            listeners = _listen_inside(path)
        except OSError as error:
            raise NetworkError(f"metadata cannot be served on network {network_id}: {error}") from error

        async def serve() -> list[asyncio.Server]:
            async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await self._meet(network_id, reader, writer)

            return [await asyncio.start_server(meet, sock=each, limit=LONGEST_QUESTION) for each in listeners]

        served = _Listener(self._inside(serve()), inode)
        with self.lock:
            self.listeners[network_id] = served

    def quiet(self, network_id: str) -> None:
        """Answer no longer on a network."""
        with self.lock:
            known = self.listeners.pop(network_id, None)
        if known:

            async def close() -> None:
                for server in known.servers:
                    server.close()

            self._inside(close())

    def close(self) -> None:
        for network_id in list(self.listeners):
            self.quiet(network_id)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def answer(self, network_id: str, address: str, method: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body for one question from an address on a network. It may wait for targets of vendor data."""
        path = "/".join(part for part in target.partition("?")[0].split("/") if part)
        is_password = PASSWORD.fullmatch(path) is not None
        if method not in ("GET", "HEAD") and not (method == "POST" and is_password):
            return 405, b"metadata can only be read\n"
        with self.lock:
            published = self.guests.get(self.by_address.get((network_id, address), ""))
        if published is None:
            return 404, b"no server has this address here\n"
        if is_password and self.folders is not None:
            place = self.folders / published.metadata.server_id
            return passwords.keep(place, body) if method == "POST" else (200, passwords.read(place))
        if published.paths is None:
            seed = randomness.random_bytes(SEED_BYTES)
            published.paths = documents(published.metadata, seed, self.vendor.first(), self.vendor2(published))
        found = published.paths.get(path)
        if found is None:
            found = listing(published.paths, path, list(published.metadata.public_keys))
        return (404, b"there is no such document\n") if found is None else (200, found)

    def vendor2(self, published: _Published) -> bytes:
        return self.vendor.second(published.metadata) if self.vendor.static or self.vendor.targets else b"{}"

    async def _meet(self, network_id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener = self.listeners.get(network_id)
        try:
            if listener is None or listener.open >= AT_ONCE:
                return
            listener.open += 1
            try:
                await asyncio.wait_for(self._converse(network_id, reader, writer), QUESTION_WITHIN)
            finally:
                listener.open -= 1
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # The guest may retry.
        except Exception:
            log.fault(ROOM, "a question could not be answered", network_id=network_id)
        finally:
            writer.transport.abort()

    async def _converse(self, network_id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        question = lines[0].split()
        address = _plain(writer.get_extra_info("peername")[0])
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        more = ""
        if len(question) != 3:
            status, body, method = 400, b"that is not HTTP\n", "GET"
        else:
            method, target, _ = question
            sent = await reader.readexactly(_length(headers)) if method == "POST" else b""
            status, body = await asyncio.to_thread(self.answer, network_id, address, method, target, sent)
            if status == 200 and method != "POST":
                tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
                more = f"ETag: {tag}\r\nCache-Control: no-cache\r\n"
                if tag in [each.strip() for each in headers.get("if-none-match", "").split(",")]:
                    status, body = 304, b""
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain; charset=UTF-8\r\n{more}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + (b"" if method == "HEAD" else body))
        writer.close()
        await writer.wait_closed()

    def _inside(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


def _length(headers: dict[str, str]) -> int:
    """Of a body; a longer one than a password may be is cut, and refused for its length."""
    text = headers.get("content-length", "0")
    return min(int(text), passwords.LONGEST + 1) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _addresses(metadata: GuestMetadata) -> list[tuple[str, str]]:
    """The (network, address) pairs of the guest: its own addresses, and the link-local address of each card."""
    macs = {link["id"]: link["ethernet_mac_address"] for link in metadata.network_data.get("links", ())}
    on = {(told["network_id"], told["link"]) for told in metadata.network_data.get("networks", ())}
    own = [(address.network_id, _plain(address.address)) for address in metadata.addresses]
    return own + [(network_id, _link_local(macs[link])) for network_id, link in sorted(on) if link in macs]


def _link_local(mac: str) -> str:
    """The link-local address of a MAC (RFC 4291, appendix A), the only one that port security allows."""
    parts = [int(part, 16) for part in mac.split(":")]
    parts[0] ^= 2
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + bytes([*parts[:3], 0xFF, 0xFE, *parts[3:]])))


def _plain(address: str) -> str:
    """An address without scope and in its one usual spelling."""
    if ":" not in address:
        return address
    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address.partition("%")[0]))


def _listen_inside(namespace: Path) -> list[socket.socket]:
    """Listening sockets in a network namespace; only the thread that opens them enters it. One for each address that
    exists; the IPv4 address always does."""
    made: list[socket.socket] = []
    failures: list[OSError] = []

    def enter_and_listen() -> None:
        try:
            with namespace.open("rb") as entrance:
                library = ctypes.CDLL(None, use_errno=True)
                if library.setns(entrance.fileno(), _CLONE_NEWNET):
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number))
            made.append(_listen(socket.AF_INET, (METADATA_ADDRESS, PORT)))
            with contextlib.suppress(OSError):
                scope = socket.if_nametoindex("eth0")
                made.append(_listen(socket.AF_INET6, (METADATA_ADDRESS_V6, PORT, 0, scope)))
        except OSError as error:
            failures.append(error)

    thread = Thread(target=enter_and_listen, name="metadata-enter")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return made


def _listen(family: int, address: tuple[str, int] | tuple[str, int, int, int]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
