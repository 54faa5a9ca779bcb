"""Questions to hypervisors about a guest's console, answered at once."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import falcon
import falcon.asgi

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.kernel import log
from kumoi.kernel.errors import ApiError, BadRequest, Conflict, Unauthorized, Unavailable
from kumoi.kernel.http import Request
from kumoi.services.compute.consoles import logic, store
from kumoi.services.compute.consoles.errors import AlreadyOpen, TokenNotFound
from kumoi.services.compute.servers.models import ServerRow

CHUNK = 65536
WATCH_SECONDS = 5.0
"""Seconds between two checks of the user's right to see a screen."""
_open: set[str] = set()
"""Digests of the tokens whose consoles are open."""
LARGEST_OUTPUT_LINES = 2**31


def output(request: Request, server: ServerRow, lines: int | str | None) -> str:
    """The end of the serial console log, without control characters that JSON parsers reject."""
    try:
        number = None if lines is None or lines == "" else int(lines)
    except ValueError:
        raise BadRequest(f"Invalid input for field/attribute length. Value: {str(lines)[:80]}.") from None
    if number is not None and not -1 <= number < LARGEST_OUTPUT_LINES:
        raise BadRequest(f"Invalid input for field/attribute length. Value: {number}. It is -1 or more.")
    number = None if number == -1 else number
    text = _ask(server, lambda: request.engine(Hosts).hypervisor(server["host"]).console_log(server["id"], number))
    if number:
        # As in Nova, the text after the last newline counts as a line, even if it is empty.
        text = "\n".join(text.split("\n")[-number:])
    return "".join(sign for sign in text if sign >= " " or sign in "\t\r\n")


def screen(engine: Callable[[type[Any]], Any], server: ServerRow) -> str:
    """The unix socket of the guest's screen; Conflict when the guest does not run."""
    return _ask(server, lambda: engine(Hosts).hypervisor(server["host"]).vnc_socket(server["id"]))


def _ask(server: ServerRow, question: Callable[[], str]) -> str:
    try:
        return question()
    except ApiError:
        raise
    except HypervisorError as error:
        raise Conflict(str(error)) from error
    except Exception as error:
        log.say(__name__, "a host does not answer", server_id=server["id"], reason=str(error))
        raise Unavailable(f"The host of instance {server['id']} does not answer; try again.") from error


@contextmanager
def alone(token: str) -> Iterator[None]:
    """AlreadyOpen while another connection uses this console. One process serves all consoles."""
    key = store.digest(token)
    if key in _open:
        raise AlreadyOpen
    _open.add(key)
    try:
        yield
    finally:
        _open.discard(key)


def check_right(request: Request, admitted: logic.Admitted) -> None:
    """TokenNotFound when the user who opened the console may not see it any more (token revoked or expired, role
    removed)."""
    try:
        who = request.authenticate(request.database, request.keys.open_secret(admitted.sealed))
    except Unauthorized:
        raise TokenNotFound from None
    request.database.read(lambda tx: logic.check_right(tx, who, admitted.server))


async def right_ended(request: Request, admitted: logic.Admitted) -> None:
    """Returns when the right has ended. Ignores a database that is down for a moment."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            await asyncio.to_thread(check_right, request, admitted)
        except Unavailable:
            continue
        except ApiError as error:
            log.say(__name__, "a console is closed", server_id=admitted.server["id"], reason=error.message)
            return


async def bridge(socket: falcon.asgi.WebSocket, path: str, ended: Coroutine[Any, Any, None]) -> None:
    """Copy bytes between a browser and a guest's screen until one of them closes, or the user's right has `ended`. Each
    side is read only as fast as the other accepts data."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(path), 10.0)
    except BaseException:
        ended.close()
        raise

    async def to_browser() -> None:
        while data := await reader.read(CHUNK):
            await socket.send_data(data)

    async def to_guest() -> None:
        while True:
            data = await socket.receive_data()
            writer.write(data)
            await writer.drain()

    tasks = {asyncio.create_task(each) for each in (to_browser(), to_guest(), ended)}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            fault = task.exception()
            if fault and not isinstance(fault, falcon.WebSocketDisconnected | OSError | falcon.PayloadTypeError):
                raise fault
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        if not socket.closed:
            await socket.close(1000)
