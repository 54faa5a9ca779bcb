"""Executes orders that name a concern and a method, behind fences, and serves them over HTTP."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import msgspec

from kumoi.host.concerns import CONCERNS
from kumoi.host.fences import Fences
from kumoi.kernel import clock, log
from kumoi.kernel.fences import Busy, Fence, Stale

ROOM = "host.agent"

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict"}


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every answer that is not 200."""

    error: str
    """The class of an engine's error, or BadOrder, Busy, Stale, Fault."""
    message: str
    newest: Fence | None = None
    """With Stale: the newest fence of the subject that this host has seen."""


class Agent:
    """The engines of one host, by concern. Socket and tests both call `answer`."""

    def __init__(self, engines: Mapping[str, object], fences: Fences) -> None:
        self.engines = engines
        self.fences = fences

    def answer(self, concern: str, method: str, body: bytes) -> tuple[int, bytes]:
        """The status and JSON body of `POST /v1/{concern}/{method}`. Never raises."""
        started = clock.monotonic()
        fence: Fence | None = None
        try:
            engine, described = self.engines[concern], CONCERNS[concern].methods[method]
        except KeyError:
            return 404, _refuse("BadOrder", f"this host has no {concern}/{method}")
        try:
            order = msgspec.json.decode(body or b"{}", type=described.arguments)
            arguments = {name: getattr(order, name) for name in order.__struct_fields__}
            fence = next(iter(arguments.values())) if described.fenced else None
            if fence and not described.holds:
                self.fences.admit(fence)
            with self.fences.holding(fence) if fence and described.holds else nullcontext():
                result = getattr(engine, method)(**arguments)
            status, answer, outcome = 200, msgspec.json.encode(result), "done"
        except msgspec.MsgspecError as error:
            status, answer, outcome = 400, _refuse("BadOrder", str(error)), "BadOrder"
        except Stale as error:
            outcome, status, answer = "Stale", 409, _refuse("Stale", str(error), error.newest)
        except Busy as error:
            outcome, status, answer = "Busy", 409, _refuse("Busy", str(error))
        except tuple(CONCERNS[concern].errors.values()) as error:
            # A subclass of an engine's error is sent as the class that the interface declares.
            outcome = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in CONCERNS[concern].errors)
            status, answer = 422, _refuse(outcome, str(error))
        except Exception as error:
            log.fault(ROOM, "an engine failed in a way it does not declare", concern=concern, method=method)
            status, answer, outcome = 500, _refuse("Fault", f"{type(error).__name__}: {error}"), "Fault"
        if fence or status != 200:
            log.say(
                ROOM,
                f"{concern}.{method} {outcome}",
                subject=fence.subject if fence else None,
                generation=fence.generation if fence else None,
                ms=round((clock.monotonic() - started) * 1000, 1),
                **({} if status == 200 else {"answer": answer.decode()[:500]}),
            )
        return status, answer

    def offers(self) -> bytes:
        """`GET /v1`: the methods of each concern, so that a newer control plane can check an older host."""
        return msgspec.json.encode({name: sorted(CONCERNS[name].methods) for name in sorted(self.engines)})

    def wsgi(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI application: `POST /v1/{concern}/{method}` and `GET /v1`."""
        parts = environ["PATH_INFO"].strip("/").split("/")
        if environ["REQUEST_METHOD"] == "GET" and parts == ["v1"]:
            status, body = 200, self.offers()
        elif len(parts) != 3 or parts[0] != "v1":
            status, body = 404, _refuse("BadOrder", "paths are /v1/{concern}/{method}")
        elif environ["REQUEST_METHOD"] != "POST":
            status, body = 405, _refuse("BadOrder", "orders are POSTs")
        else:
            token = log.request_id.set(environ.get("HTTP_X_OPENSTACK_REQUEST_ID", ""))
            try:
                length = int(environ.get("CONTENT_LENGTH") or 0)
                status, body = self.answer(parts[1], parts[2], environ["wsgi.input"].read(length))
            finally:
                log.request_id.reset(token)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {_REASONS.get(status, 'Error')}", headers)
        return [body]


def _refuse(error: str, message: str, newest: Fence | None = None) -> bytes:
    return msgspec.json.encode(Refusal(error, message, newest))
