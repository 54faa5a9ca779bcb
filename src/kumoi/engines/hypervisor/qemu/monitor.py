"""A short, synchronous QMP session with a guest's QEMU."""

import array
import socket
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.kernel import clock

PATIENCE = 10.0
"""Seconds for QEMU to answer one command. Its main loop is slow while an emulated guest is busy."""


class MonitorError(HypervisorError):
    """QEMU refused the command; `kind` is QMP's error class."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Silent(MonitorError):
    """QEMU is not there, or does not answer."""

    def __init__(self, text: str) -> None:
        super().__init__("Silent", text)


class Monitor:
    """`with Monitor(path) as qemu: qemu.ask("query-status")`. QEMU accepts one session at a time."""

    def __init__(self, path: Path, within: float = PATIENCE) -> None:
        self.path = path
        self.within = within
        self.received = b""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> "Monitor":
        try:
            self.socket.settimeout(self.within)
            self.socket.connect(str(self.path))
            self._next()  # the greeting
            self.ask("qmp_capabilities")
        except OSError as error:
            self.socket.close()
            raise Silent(f"QEMU does not answer: {error}") from error
        except BaseException:
            self.socket.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def ask(self, command: str, *, descriptor: int | None = None, **arguments: Any) -> Any:
        """QEMU's result; `_` in argument names is sent as `-`. A file descriptor is sent with `getfd`.

        MonitorError if QEMU refuses, Silent if it does not answer in time.
        """
        return self.ask_with(command, {name.replace("_", "-"): v for name, v in arguments.items()}, descriptor)

    def ask_with(self, command: str, arguments: dict[str, Any], descriptor: int | None = None) -> Any:
        """As `ask`, with arguments in QMP's own spelling."""
        order = {"execute": command, "arguments": arguments}
        deadline = clock.monotonic() + self.within
        ancillary = (
            []
            if descriptor is None
            else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]).tobytes())]
        )
        try:
            self.socket.sendmsg([msgspec.json.encode(order) + b"\n"], ancillary)
            while clock.monotonic() < deadline:
                answer = self._next()
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise MonitorError(answer["error"]["class"], answer["error"]["desc"])
        except OSError as error:
            raise Silent(f"QEMU does not answer {command}: {error}") from error
        raise Silent(f"QEMU does not answer {command} within {self.within:.0f} s")

    def _next(self) -> dict[str, Any]:
        while b"\n" not in self.received:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionResetError("it ended the conversation")
            self.received += more
        line, self.received = self.received.split(b"\n", 1)
        answer: dict[str, Any] = msgspec.json.decode(line)
        return answer
