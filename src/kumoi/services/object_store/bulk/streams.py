"""Bulk requests have no paths of their own: parameters ask for them (`specials.py`)."""

import asyncio
import bz2
import gzip
import queue
import tarfile
import zlib
from collections.abc import AsyncIterator
from functools import partial
from typing import IO, Any, cast
from urllib.parse import unquote

from kumoi.kernel import clock
from kumoi.kernel.errors import ApiError, BadRequest, NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.lanes import Threads
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import asked, limits, specials, stores
from kumoi.services.object_store.bulk.logic import Report
from kumoi.services.object_store.containers import logic as containers
from kumoi.services.object_store.objects import logic, segments, uploads
from kumoi.services.object_store.specials import Place
from kumoi.services.object_store.versions import logic as versions

routes = Routes()
MOST_DELETES = 10_000
MOST_BYTES = 2 << 20
"""Of a list of what is to go."""
AT_ONCE = 200
"""Names that go in one transaction."""
FORMATS = ("tar", "tar.gz", "tar.bz2")
MOST_ENTRIES, MOST_FAILURES = 100_000, 1000
LONGEST_HEADER = 1 << 20
"""Bytes of a long name or of other headers that stand before an entry of an archive."""
ARCHIVES = Threads(32, "objects-archives")
"""Threads that wait for the clients that send archives. Copies do not wait for them."""


async def delete(request: Request, body: AsyncIterator[bytes], place: Place) -> Reply:
    kind = _form(request)
    report = Report(deleting=True)
    stores.look(request, lambda tx: containers.writable(tx, request.who, place[0]))
    lines = (await uploads.taken(body, MOST_BYTES, "list")).decode("utf-8", "replace").split("\n")
    names = [unquote(line.strip()).lstrip("/") for line in lines if line.strip()]
    if not names:
        report.status = "400 Bad Request"
        report.body = "Invalid bulk delete."
    if len(names) > MOST_DELETES:
        report.status, report.body = "413 Request Entity Too Large", f"Maximum Bulk Deletes: {MOST_DELETES} per request"
        names = []
    for begin in range(0, len(names), AT_ONCE):
        part = names[begin : begin + AT_ONCE]
        await stores.change(
            request,
            partial(_delete, request=request, account=place[0], names=part, report=report, part=begin),
            frees=True,
        )
    return report.reply(kind)


def _delete(
    tx: stores.Writing,
    request: Request,
    account: str,
    names: list[str],
    report: Report,
    part: int = 0,
    version: str = "",
) -> None:
    """`version`: of the last name."""
    # A group may run it twice, so what it counts is counted anew.
    deleted, missing, errors = 0, 0, []
    for path in names:
        container, _, name = path.partition("/")
        try:
            if name:
                id = version if path == names[-1] else ""
                if not logic.remove(tx, request.who, account, container, name, {}, id).there:
                    missing += 1
                    continue
            else:
                containers.remove(tx, request.who, account, container)
            deleted += 1
        except NotFound:
            missing += 1
        except ApiError as error:
            errors.append((path, f"{error.status} {error.title}"))
    report.add(part, deleted, missing, errors)


async def delete_segments(request: Request, body: AsyncIterator[bytes], place: Place) -> Reply:
    """A manifest with all of its segments."""
    account, container, name = place
    version = asked.said(request, versions.PARAMETER) or ""

    def names(tx: stores.Reading) -> list[str]:
        where, found = logic.readable(tx, request.who, account, container, name, {}, version)
        if segments.STATIC not in found.metadata:
            raise BadRequest("multipart-manifest=delete: the object is no static large object.")
        kept = segments.parse(tx.data(where, name, found.version))
        return [*(each.name.lstrip("/") for each in kept if each.name), f"{container}/{name}"]

    report = Report(deleting=True)
    wanted = stores.look(request, names)
    await stores.change(request, lambda tx: _delete(tx, request, account, wanted, report, version=version), frees=True)
    return report.reply(_form(request))


async def extract(request: Request, body: AsyncIterator[bytes], place: Place) -> Reply:
    account, container, _ = place
    kind = _form(request)
    stores.look(request, lambda tx: containers.writable(tx, request.who, account))
    format = asked.said(request, "extract-archive") or ""
    if format not in FORMATS:
        raise BadRequest(f"extract-archive: {format[:40]!r} is none of {', '.join(FORMATS)}.")
    if container:
        limits.check_container_name(container)
    parts: queue.Queue[bytes] = queue.Queue(maxsize=8)
    loop = asyncio.get_running_loop()
    work = loop.run_in_executor(ARCHIVES, _extract, request, place, format, _Arriving(parts))
    try:
        async for chunk in body:
            if chunk:
                await _hand_over(parts, chunk, work)
    finally:
        await _hand_over(parts, b"", work)
    return (await work).reply(kind)


async def _hand_over(parts: "queue.Queue[bytes]", part: bytes, work: "asyncio.Future[Report]") -> None:
    while not work.done():
        try:
            parts.put_nowait(part)
            return
        except queue.Full:
            await asyncio.sleep(0.002)


class _Arriving:
    """A body as a file that is read by another thread. An empty part is its end."""

    def __init__(self, parts: "queue.Queue[bytes]") -> None:
        self._parts, self._rest, self._ended = parts, b"", False

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and not self._ended:
            part = self._parts.get()
            self._ended = not part
            self._rest += part
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


_HEADERS = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
)  # fmt: skip


class _Entry(tarfile.TarInfo):
    """tarfile keeps what stands before an entry in memory, however much it is."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Entry":
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in _HEADERS and entry.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header has {entry.size} bytes; at most {LONGEST_HEADER} are taken")
        return entry


def _unpacked(format: str, arriving: _Arriving) -> IO[bytes]:
    """tarfile's own streams expand all that they read at once, however much it becomes."""
    file = cast(Any, arriving)
    if format == "tar":
        return cast(IO[bytes], arriving)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb") if format == "tar.gz" else bz2.BZ2File(file))


def _extract(request: Request, place: Place, format: str, arriving: _Arriving) -> Report:
    report = Report(deleting=False)
    account, container, prefix = place
    made = {container} if container else set[str]()
    if container:
        _make(request, account, container)
    left = request.settings.archive_size << 20
    try:
        with tarfile.open(fileobj=_unpacked(format, arriving), mode="r|", tarinfo=_Entry) as archive:
            for number, entry in enumerate(iter(archive.next, None)):
                assert entry is not None
                cast(Any, archive).members.clear()  # It would keep them all.
                if number >= MOST_ENTRIES or len(report.errors) >= MOST_FAILURES:
                    report.status, report.body = (
                        "400 Bad Request",
                        "The archive has too many entries, or too many that fail.",
                    )
                    break
                left -= entry.size
                if left < 0 and request.settings.archive_size:
                    report.status = "413 Request Entity Too Large"
                    report.body = f"The archive expands to more than {request.settings.archive_size} MiB."
                    break
                if entry.isfile() and (file := archive.extractfile(entry)) is not None:
                    path = entry.name.removeprefix("./").strip("/")
                    path = "/".join(filter(None, (container, prefix.strip("/"), path)))
                    _extract_one(request, account, path, entry, file, made, report)
    except RecursionError:
        report.status, report.body = "400 Bad Request", "Invalid Tar File: too many headers stand before an entry"
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        report.status, report.body = "400 Bad Request", f"Invalid Tar File: {error}"
    if not report.done and not report.errors and not report.body:
        report.status, report.body = "400 Bad Request", "Invalid Tar File: No Valid Files"
    return report


def _extract_one(
    request: Request, account: str, path: str, entry: tarfile.TarInfo, file: IO[bytes], made: set[str], report: Report
) -> None:
    container, _, name = path.partition("/")
    try:
        if not name or ".." in path.split("/"):
            raise BadRequest("the name is not container/object")
        if not 0 <= entry.size <= limits.MOST_BYTES:
            raise BadRequest("the object is too large")
        logic.check_path(account, container, name)
        if container not in made:
            _make(request, account, container)
            made.add(container)
        stores.look(request, lambda tx: logic.may_put(tx, request.who, account, container, name, {}, entry.size))
        with stores.translated():
            writer = stores.begin(request, account, container)
            try:
                while block := file.read(uploads.BLOCK):
                    writer.write(block)
                stored = writer.finish()
                if stored.size != entry.size:
                    raise tarfile.ReadError("unexpected end of data")
            except BaseException:
                writer.discard()
                raise
        headers = {
            f"{logic.META}{key.rpartition('.')[2].lower()}": limits.encoded(value)
            for key, value in entry.pax_headers.items()
            if key.startswith(("SCHILY.xattr.user.meta.", "LIBARCHIVE.xattr.user.meta."))
        }
        said = logic.described(headers, clock.now())
        future = stores.of(request).write(
            lambda tx: logic.put(tx, request.who, account, container, name, {}, said, stored)
        )
        stores.settle(future, writer)
        with stores.translated():
            future.result()
        report.done += 1
    except ApiError as error:
        shown = path.encode("utf-8", "replace").decode()
        report.errors.append((shown, f"{error.status} {error.title}"))


def _make(request: Request, account: str, container: str) -> None:
    policies, copied_to = stores.of(request).policies(), request.settings.container_copies
    with stores.translated():
        stores.of(request).write(
            lambda tx: (
                tx.container(account, container)
                or containers.put(tx, request.who, account, container, {}, policies, copied_to)
            )
        ).result()


def _form(request: Request) -> str:
    accepted = request.headers.get("accept", "")
    return next((kind for kind in (asked.JSON, asked.XML, "text/xml") if kind in accepted), asked.TEXT)


specials.registered |= {
    ("DELETE", "bulk-delete"): delete,
    ("POST", "bulk-delete"): delete,
    ("DELETE", "slo"): delete_segments,
    ("PUT", "extract-archive"): extract,
}
