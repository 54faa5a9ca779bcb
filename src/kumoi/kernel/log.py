"""Structured logs: one JSON line each, on standard error, with the request id, never with a secret."""

import logging
import sys
from contextvars import ContextVar
from typing import Any

import msgspec

from kumoi.kernel import clock

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""`req-…` of the request or operation at work; every line carries it."""

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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "ovsdbapp", "qemu", "asyncio", "waitress", "_granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def say(room: str, message: str, **facts: Any) -> None:
    """One informative line; values under a secret's name are masked."""
    logging.getLogger(room).info(message, extra={"facts": facts})


def fault(room: str, message: str, **facts: Any) -> None:
    """One line with the traceback of the exception being handled: a defect of ours, not of the caller."""
    logging.getLogger(room).exception(message, extra={"facts": facts})
