"""Reads images from web servers that users name, without giving them a way into the cloud's own network.

A name is resolved once. Each of its addresses is checked, and the connection goes to a checked one, so that a name which
changes in between leads nowhere. Each redirect is checked like a first address.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httpcore

from kumoi.engines.images.interface import ImagesError

BLOCK = 1 << 16
MOST_REDIRECTS = 5
SECONDS = 30.0
"""How long a connection, or the next bytes, are waited for."""
LOOK_SECONDS = 1.0
"""How often a silent connection asks whether its bytes are still wanted."""
SCHEMES = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({429, 500, 502, 503, 504})
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class WebRefused(ImagesError):
    """The address may not be read, or what it sends is no image. Another attempt would not help."""


class WebSilent(ImagesError):
    """The server did not answer, or the connection ended early. Another attempt may help."""


@dataclass(frozen=True)
class Rules:
    """What may be read. `inside`: networks of the cloud. `hosts` and `networks` are allowed even if they are inside, or
    not reachable by everybody."""

    ports: frozenset[int] = frozenset({80, 443})
    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    inside: tuple[Network, ...] = ()
    most_redirects: int = MOST_REDIRECTS
    certificates: ssl.SSLContext | None = field(default=None, compare=False)
    """None: the authorities that this machine trusts."""


def rules(ports: str, allowed: str, inside: Iterable[str]) -> Rules:
    """From the texts of settings, whose entries have commas between them."""
    hosts, networks = set(), []
    for entry in (each.strip().lower() for each in allowed.split(",") if each.strip()):
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry)
    return Rules(
        frozenset(int(each) for each in ports.split(",") if each.strip()), frozenset(hosts), tuple(networks),
        tuple(ipaddress.ip_network(each, strict=False) for each in inside if each),
    )  # fmt: skip


def check(url: str, allowed: Rules) -> SplitResult:
    """The parts of an address that may be read as far as its text tells; WebRefused."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except (ValueError, UnicodeError):
        raise WebRefused("it is no address of a web server") from None
    if parts.scheme not in SCHEMES:
        raise WebRefused(f"its scheme is none of: {', '.join(sorted(SCHEMES))}")
    if not host or any(letter <= " " or letter == "\x7f" for letter in url.strip()):
        raise WebRefused("it is no address of a web server")
    if (port if port is not None else SCHEMES[parts.scheme]) not in allowed.ports:
        raise WebRefused(f"its port is none of: {', '.join(map(str, sorted(allowed.ports)))}")
    # Texts such as 127.1 or 0x7f000001 are addresses too; what they mean is checked when they are resolved.
    try:
        literal = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return parts
    if "%" in host or not is_allowed(host, literal, allowed):
        raise WebRefused("its server is not reachable by everybody, or belongs to this cloud")
    return parts


def is_allowed(host: str, address: Address, allowed: Rules) -> bool:
    """Whether a connection may go to this address of a host."""
    if host.lower() in allowed.hosts or any(address in network for network in allowed.networks):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        # Addresses that lead to an IPv4 address in other words.
        embedded = address.ipv4_mapped or address.sixtofour or (address.teredo or (None,))[0]
        if address in _TRANSLATED:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if embedded is not None:
            return is_allowed(host, embedded, allowed)
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in allowed.inside) and not _is_own(address)


def _is_own(address: Address) -> bool:
    """Whether it is an address of this machine. Nothing is sent: a machine reaches its own addresses from themselves."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return str(probe.getsockname()[0]) == str(address)
    except OSError:
        return False


class _Checked(httpcore.NetworkBackend):
    """Connects to addresses that the rules allow, and to no other."""

    def __init__(self, allowed: Rules, wanted: Callable[[], None]) -> None:
        self._allowed, self._wanted = allowed, wanted
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"its server {host[:200]!r} is not known") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not all(is_allowed(host, ipaddress.ip_address(each.partition("%")[0]), self._allowed) for each in addresses):
            raise WebRefused("its server is not reachable by everybody, or belongs to this cloud")
        for position, address in enumerate(addresses):
            self._wanted()
            try:
                plain = self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
                return _Watched(plain, self._wanted)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if position == len(addresses) - 1:
                    raise
        raise httpcore.ConnectError(f"its server {host[:200]!r} has no address")


class _Watched(httpcore.NetworkStream):
    """Asks before each part that it receives whether it is still wanted: a slow server may send one byte at a time,
    also of its headers."""

    def __init__(self, plain: httpcore.NetworkStream, wanted: Callable[[], None]) -> None:
        self._plain, self._wanted = plain, wanted

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = SECONDS if timeout is None else timeout
        while True:
            self._wanted()
            try:
                return self._plain.read(max_bytes, min(left, LOOK_SECONDS))
            except httpcore.ReadTimeout:
                left -= LOOK_SECONDS
                if left <= 0:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, timeout)

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            return _Watched(self._plain.start_tls(ssl_context, server_hostname, timeout), self._wanted)
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise WebRefused(f"the server's certificate is not valid: {_reason(error)}") from error
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


@dataclass(frozen=True)
class Coming:
    """An answer whose bytes are coming. `size`: the bytes that the server promises."""

    size: int | None
    blocks: Iterator[bytes]


@contextmanager
def reading(
    url: str, allowed: Rules, headers: Iterable[tuple[str, str]], wanted: Callable[[], None]
) -> Iterator[Coming]:
    """The bytes behind an address; WebRefused, WebSilent. `headers` go to the first server only. `wanted` is called at
    least once a second, and before each part that is received. What it raises closes the connection."""
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), SECONDS)
    sent = list(headers)
    with httpcore.ConnectionPool(
        ssl_context=allowed.certificates or ssl.create_default_context(), network_backend=_Checked(allowed, wanted)
    ) as pool:
        for _ in range(allowed.most_redirects + 1):
            parts = _encoded(check(url, allowed))
            try:
                with pool.stream(
                    "GET", _without_secrets(parts), headers=[*_headers(parts), *sent], extensions={"timeout": timeouts}
                ) as response:
                    if response.status not in _REDIRECTS:
                        yield _answer(response)
                        return
                    target = next((value for name, value in response.headers if name.lower() == b"location"), None)
            except (WebRefused, WebSilent):
                raise
            except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                raise WebSilent(f"the server did not answer: {_reason(error)}") from error
            if target is None:
                raise WebRefused("the server redirects to nowhere")
            url, sent = urljoin(url, target.decode("utf-8", "surrogateescape")), []
    raise WebRefused(f"the server redirects more than {allowed.most_redirects} times")


def _answer(response: httpcore.Response) -> Coming:
    if response.status != 200:
        kind = WebSilent if response.status in _AGAIN else WebRefused
        raise kind(f"the server answered with the status {response.status}")
    found = {name.lower(): value for name, value in response.headers}
    if found.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
        raise WebRefused("the server sends another encoding than it was asked for")
    length = found.get(b"content-length", b"")
    return Coming(int(length) if length.isdigit() else None, _blocks(response.iter_stream()))


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for chunk in chunks:
        block += chunk
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _headers(parts: SplitResult) -> list[tuple[str, str]]:
    from base64 import b64encode
    from urllib.parse import unquote

    found = [("Host", parts.netloc.rpartition("@")[2]), ("Accept", "*/*"), ("Accept-Encoding", "identity"),
             ("User-Agent", "Kumoi")]  # fmt: skip
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        found.append(("Authorization", f"Basic {b64encode(secret).decode()}"))
    return found


def _encoded(parts: SplitResult) -> SplitResult:
    """The address in ASCII, as it is sent."""
    user, at, server = parts.netloc.rpartition("@")
    if not server.isascii():
        port = f":{parts.port}" if parts.port is not None else ""
        server = (parts.hostname or "").encode("idna").decode("ascii") + port
    return parts._replace(netloc=f"{user}{at}{server}", path=_ascii(parts.path), query=_ascii(parts.query))


def _ascii(text: str) -> str:
    """Encodes only what is not ASCII: signatures depend on how the client wrote the rest."""
    return "".join(each if each.isascii() else quote(each, errors="surrogateescape") for each in text)


def _without_secrets(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def shown(url: str) -> str:
    """The address without the user's name and password, and without the query, which may hold a signature."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _reason(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
