"""The control plane's client of the host agents: objects with an engine's interface that call a host."""

import contextlib
import socket
import threading
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Protocol, TypeVar, cast

import msgspec

from kumoi.engines.hypervisor.interface import Hypervisor
from kumoi.engines.network.interface import Wiring
from kumoi.engines.volumes.interface import Volumes
from kumoi.host.agent import Agent, Refusal
from kumoi.host.concerns import AT_ONCE, Concern, Method, concern_of
from kumoi.kernel import clock, log
from kumoi.kernel.errors import EngineSilent, Occupied
from kumoi.kernel.fences import Stale
from kumoi.kernel.settings import Folder, Settings

T = TypeVar("T")

IDLE_CONNECTIONS = 16
PROBE_EVERY = 5.0
"""Seconds between two calls that try a silent host, prompt questions aside."""


class Unreachable(EngineSilent):
    """The host did not answer in time. Orders are idempotent and can be retried."""

    told = "its host does not answer"


class StillBusy(Unreachable, Occupied):
    """The host is still busy with an earlier order."""

    told = "its host is still busy with an earlier order"


class HostFault(EngineSilent):
    """The host failed with an error that its engines do not declare: a bug, or an agent of another version."""

    told = "its host failed"


class Transport(Protocol):
    def send(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        """Status and body of a POST; Unreachable when there is none within `within` seconds."""


class InProcess:
    """An agent in the same process, behind the same encoding and fences."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def send(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        _, _, concern, method = path.split("/")
        return self.agent.answer(concern, method, body)


class UnixSocket:
    """An agent behind a unix socket. Connections are kept and shared by threads.

    A silent host does not block its callers: after one call has missed its deadline, only calls with short deadlines,
    and from time to time one other call, are sent; the rest fail at once, until the host answers. If a call with a
    short deadline is not answered either, the calls in progress are abandoned.
    """

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.idle: LifoQueue[_Connection] = LifoQueue(IDLE_CONNECTIONS)
        self.lock = threading.Lock()
        self.under_way: set[_Connection] = set()
        self.silent_since: float | None = None
        self.next_look = 0.0

    def send(self, path: str, body: bytes, within: float) -> tuple[int, bytes]:
        if self._passed_by(within):
            raise Unreachable(f"{self.path} has not answered for a while")
        headers = {"Content-Type": "application/json"}
        if request := log.request_id.get():
            headers["X-OpenStack-Request-Id"] = request
        try:
            kept = self.idle.get_nowait()
        except Empty:
            kept = None
        try:
            if kept:
                try:
                    return self._exchange(kept, path, body, headers, within)
                except TimeoutError:
                    raise
                except (OSError, HTTPException):
                    # The agent closed the idle connection or restarted. Orders are idempotent, so one retry is safe.
                    if self.silent_since is not None:
                        raise
            return self._exchange(_Connection(self.path), path, body, headers, within)
        except TimeoutError as error:
            self._silent(within)
            raise Unreachable(f"{self.path} did not answer within {within:.0f} s") from error
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{self.path}: {error}") from error

    def _exchange(
        self, connection: "_Connection", path: str, body: bytes, headers: dict[str, str], within: float
    ) -> tuple[int, bytes]:
        try:
            with self.lock:
                self.under_way.add(connection)
            connection.within(within)
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.status, response.read()
        except BaseException:
            connection.close()
            raise
        finally:
            with self.lock:
                self.under_way.discard(connection)
        self.silent_since = None
        if response.will_close or self.idle.full():
            connection.close()
        else:
            self.idle.put(connection)
        return answer

    def _passed_by(self, within: float) -> bool:
        """Whether a call with this deadline fails without an attempt."""
        with self.lock:
            now = clock.monotonic()
            if self.silent_since is None or within <= AT_ONCE:
                return False
            if now < self.next_look:
                return True
            self.next_look = now + PROBE_EVERY
            return False

    def _silent(self, within: float) -> None:
        """A call with this deadline has missed it."""
        with self.lock:
            again, now = self.silent_since is not None, clock.monotonic()
            if not again:
                self.silent_since, self.next_look = now, now + PROBE_EVERY
            given_up = list(self.under_way) if again and within <= AT_ONCE else []
        for connection in given_up:
            connection.give_up()


class _Connection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("host")
        self.path = path

    def within(self, seconds: float) -> None:
        self.timeout = seconds
        if self.sock:
            self.sock.settimeout(seconds)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def give_up(self) -> None:
        """Calls in progress get an error at once."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def remote(protocol: type[T], transport: Transport) -> T:
    """An object with the Protocol's methods, which the agent behind `transport` executes.

    Raises the engine's errors, Stale, Unreachable or HostFault.
    """
    concern = concern_of(protocol)
    calls = {name: partial(_call, transport, concern, method) for name, method in concern.methods.items()}
    return cast(T, type(f"Remote{protocol.__name__}", (), {n: staticmethod(call) for n, call in calls.items()})())


def _call(transport: Transport, concern: Concern, method: Method, *args: Any, **kwargs: Any) -> Any:
    arguments = method.signature.bind(*args, **kwargs).arguments
    status, body = transport.send(f"/v1/{concern.name}/{method.name}", msgspec.json.encode(arguments), method.within)
    if status == 200:
        return msgspec.json.decode(body, type=method.result)
    try:
        refusal = msgspec.json.decode(body, type=Refusal)
    except msgspec.MsgspecError:
        refusal = Refusal("Fault", f"status {status}")
    if refusal.error == "Busy":
        raise StillBusy(refusal.message)
    if refusal.error == "Stale":
        raise Stale(refusal.message, refusal.newest)
    raise concern.errors.get(refusal.error, HostFault)(refusal.message)


class Hosts:
    """The agents of all hosts of a cloud, by host name; safe for use by many threads."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        self.transports: dict[str, Transport] = {settings.host_name: UnixSocket(folder.agent_socket)}
        self.made: dict[tuple[str, type], Any] = {}

    @classmethod
    def over(cls, transports: dict[str, Transport]) -> "Hosts":
        """Hosts with given transports, for tests."""
        hosts = cls.__new__(cls)
        hosts.transports, hosts.made = transports, {}
        return hosts

    def names(self) -> list[str]:
        return sorted(self.transports)

    def hypervisor(self, host: str) -> Hypervisor:
        return self._engine(host, Hypervisor)

    def volumes(self, host: str) -> Volumes:
        return self._engine(host, Volumes)

    def wiring(self, host: str) -> Wiring:
        return self._engine(host, Wiring)

    def _engine(self, host: str, protocol: type[T]) -> T:
        made = self.made.get((host, protocol))
        if made is None:
            if host not in self.transports:
                raise Unreachable(f"no host is called {host}")
            made = self.made[host, protocol] = remote(protocol, self.transports[host])
        return cast(T, made)
