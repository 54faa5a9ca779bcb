"""Structured logs: one JSON line each, on standard error, with the request id, never with a secret."""

import contextlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from multiprocessing.util import Finalize
from typing import Any

import msgspec

from kumoi.kernel import clock

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""`req-…` of the current request or operation, which every log line carries."""

_SECRET = (
    "password",
    "secret",
    "token",
    "admin_pass",
    "adminpass",
    "private_key",
    "user_data",
    "authorization",
)


_LONGEST_PATH = 300


class _Answered(msgspec.Struct, omit_defaults=True):
    at: str
    level: str
    room: str
    message: str
    request_id: str
    service: str
    method: str
    path: str
    status: int
    ms: float
    user_id: str = ""
    project_id: str = ""


_encoder = msgspec.json.Encoder()
_started = False


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": clock.iso_microseconds(clock.now(), "Z"),
            "level": record.levelname.lower(),
            "room": record.name,
            "message": record.getMessage(),
        }
        if request := request_id.get():
            line["request_id"] = request
        line.update({k: v if k.lower() not in _SECRET else "***" for k, v in getattr(record, "facts", {}).items()})
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def start(level: int = logging.INFO) -> None:
    """Send every logger of this process to standard error as JSON lines."""
    global _started
    _started = level <= logging.INFO
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "ovsdbapp", "qemu", "asyncio", "waitress", "_granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def say(room: str, message: str, **facts: Any) -> None:
    """Write an informative line. Values whose name denotes a secret are masked."""
    logging.getLogger(room).info(message, extra={"facts": facts})


def fault(room: str, message: str, **facts: Any) -> None:
    """Write a line with the traceback of the current exception, which is a defect of Kumoi and not of the caller."""
    logging.getLogger(room).exception(message, extra={"facts": facts})


def answered(
    room: str, *, service: str, method: str, path: str, status: int, began: float, user_id: str, project_id: str
) -> None:
    """Log one request, whose id is `request_id`'s. `path`: without its query, which may contain secrets. `began`:
    clock.monotonic() at its arrival. The line is only queued here, and a thread writes all lines of a moment at once.
    Writing each one alone would cost a tenth of a short request."""
    if not _started:
        return
    ms = (clock.monotonic() - began) * 1000
    _answers.append((clock.now(), room, request_id.get(), service, method, path, status, ms, user_id, project_id))
    if not _waiting.is_set():
        _waiting.set()
        if _writer is None or not _writer.is_alive():
            _start_writer()


_GATHERED = 0.05
"""Maximum delay of a line, in seconds."""
_answers: deque[tuple[int, str, str, str, str, str, int, float, str, str]] = deque(maxlen=100_000)
_waiting = threading.Event()
_writer: threading.Thread | None = None


def _start_writer() -> None:
    global _writer
    _writer = threading.Thread(target=_write_answers, name="answers", daemon=True)
    _writer.start()
    # unlike atexit's, also run at the end of a process that multiprocessing made, which the API's workers are
    Finalize(None, flush, exitpriority=0)


def _write_answers() -> None:
    while True:
        _waiting.wait()
        _pause.wait(_GATHERED)
        _waiting.clear()
        flush()


_pause = threading.Event()
"""Never set. Waiting for it uses real time even if the process has a virtual clock."""


def flush() -> None:
    """Write the lines of the requests that were answered since the last call."""
    text, second, since = bytearray(), "", 0
    while _answers:
        try:
            at, room, request, service, method, path, status, ms, user_id, project_id = _answers.popleft()
        except IndexError:
            break
        if at // clock.SECOND != since or not second:
            since = at // clock.SECOND
            second = clock.iso(at)[:-1]
        text += _encoder.encode(
            _Answered(
                f"{second}.{at % clock.SECOND:06d}Z", "info", room, "answered", request, service, method,
                path[:_LONGEST_PATH], status, round(ms, 1), user_id, project_id,
            )
        )  # fmt: skip
        text += b"\n"
    with contextlib.suppress(OSError):
        while text:
            del text[: os.write(2, text)]


def without_secrets(path: str, named: Mapping[str, str]) -> str:
    """A path whose parts (`named`: name → value) under a secret's name are masked."""
    for name, value in named.items():
        if name.lower() in _SECRET and value:
            path = path.replace(value, "***")
    return path
