"""Access of requests to the object store, and the errors when it refuses."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from kumoi.engines.objects.interface import NoRoom, ObjectsError, ObjectStore, Reading, Writer, Writing
from kumoi.kernel.errors import Unavailable
from kumoi.kernel.http import Request
from kumoi.kernel.lanes import Threads
from kumoi.services.object_store.errors import NoSpace

__all__ = [
    "ObjectStore",
    "ObjectsError",
    "Reading",
    "Writing",
    "begin",
    "change",
    "check_readable",
    "look",
    "of",
    "settle",
    "slowly",
    "translated",
]
T = TypeVar("T")


def of(request: Request) -> ObjectStore:
    store: ObjectStore = request.engine(ObjectStore)
    return store


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except NoRoom as error:
        raise NoSpace(str(error)) from error
    except ObjectsError as error:
        raise Unavailable(f"{str(error)[:300]} Nothing was changed; try again.") from error


def begin(request: Request, account: str, container: str) -> Writer:
    """For the bytes of an object of this container, by its storage policy."""
    store = of(request)
    if len(store.policies()) == 1:
        return store.begin()
    found = store.read(lambda tx: tx.container(account, container))
    return store.begin(found.policy if found else "")


def check_readable(request: Request, place: str) -> None:
    """Refuses bytes that are on too few disks, before a reply begins."""
    store = of(request)
    if store.sent_from(place) is None:
        with translated():
            store.open(place).close()


def look(request: Request, work: Callable[[Reading], T]) -> T:
    with translated():
        return of(request).read(work)


_slow = Threads(4, "objects-slow")
"""For what takes as long as its bytes are many, so that it leaves the threads that all requests share."""


async def slowly(work: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_slow, work, *arguments)


def settle(future: "Future[Any]", writer: Writer) -> None:
    """Tell the writer whether an object has its bytes, whoever waits for that."""
    future.add_done_callback(lambda done: writer.discard() if done.cancelled() or done.exception() else writer.keep())


async def change(
    request: Request, work: Callable[[Writing], T], writer: Writer | None = None, *, frees: bool = False
) -> T:
    """The result of `work`, once its changes are durable. `writer`: the upload whose bytes it gives to an object. The
    bytes are kept or deleted whatever happens to the request. `frees`: it only removes."""
    with translated():
        try:
            future = of(request).write(work, frees=frees)
        except BaseException:
            if writer is not None:
                writer.discard()
            raise
        if writer is not None:
            settle(future, writer)
        return await asyncio.wrap_future(future)
