"""Brings bytes into stores: those that were staged, or those that another server sends.

Another server's bytes are staged first, and inspected on the way. Then each store gets a copy. The image is active once
they are there and nowhere else.
"""

from kumoi.engines.images import web
from kumoi.engines.images.interface import ImageRefused, ImagesError, ImageStore, Stored, UploadRunning
from kumoi.kernel import clock
from kumoi.kernel.database import Transaction
from kumoi.kernel.operations import Again, Context, Failed, Operation, Retry, Step
from kumoi.kernel.settings import Settings
from kumoi.kernel.tokens import Keys
from kumoi.services.image import stores
from kumoi.services.image.contents import room, signatures
from kumoi.services.image.downloads import addresses, elsewhere, fetching
from kumoi.services.image.images import store as images_store
from kumoi.services.image.images.models import ACTIVE, IMPORTING, QUEUED, UPLOADING, ImageDetails
from kumoi.services.image.offers import REMOTE, STORE, WEB_DOWNLOAD

LONGEST = 24 * 3600.0
TRIES = 5
"""Attempts to read from a server that does not answer, or ends early."""


def targets(context: Context) -> list[str]:
    """An operation of an older version names one store."""
    arguments = context.arguments
    found: list[str] = arguments["stores"] if "stores" in arguments else [arguments["store"]]
    return found


def _comes_from_elsewhere(context: Context) -> bool:
    return context.arguments.get("method") in (WEB_DOWNLOAD, REMOTE)


def _found(context: Context) -> ImageDetails:
    row = context.read(lambda tx: images_store.find(tx, context.arguments["image_id"]))
    if row is None:
        raise Failed("the image was deleted")
    if row["status"] != IMPORTING:
        # A runner that slept while another one undid the import must not copy after that.
        raise Failed("the import has ended")
    return row


def _fetch(context: Context) -> Again | None:
    row = _found(context)
    if not _comes_from_elsewhere(context) or row["checksum"] is not None:
        return None
    try:
        fetched = fetching.look_after(context.id, row["owner"], lambda download: _download(context, row, download))
    except fetching.Ended:
        raise Retry("the download was ended") from None
    except web.WebSilent as error:
        tries = context.data["tries"] = context.data.get("tries", 0) + 1
        if tries >= TRIES:
            raise Failed(f"the image could not be downloaded: {error}") from None
        return Again(after=2.0**tries)
    except UploadRunning:
        return Again(after=5.0)
    except (ImagesError, ImageRefused) as error:
        raise Failed(f"the image could not be downloaded: {error}") from None
    if fetched is None:
        return Again(after=2.0)
    stored, other = fetched
    if other is not None:
        context.data["other"] = {
            "disk_format": other.disk_format, "container_format": other.container_format, "properties": other.properties,
        }  # fmt: skip
    context.data["stored"] = {
        "size": stored.size, "virtual_size": stored.virtual_size, "checksum": stored.checksum,
        "os_hash_algo": stored.os_hash_algo, "os_hash_value": stored.os_hash_value,
    }  # fmt: skip
    return None


Fetched = tuple[Stored, elsewhere.Described | None]
"""The bytes, and the image of another service that they are of."""


def _download(context: Context, row: ImageDetails, download: fetching.Download[Fetched]) -> Fetched:
    """In the download's own thread."""
    settings, secret = context.engine(Settings), context.engine(Keys).open_secret(context.arguments["sealed"])
    allowed, other, headers = addresses.rules(settings), None, list[tuple[str, str]]()
    disk_format, until = context.arguments["disk_format"], clock.monotonic() + settings.web_download_seconds

    def wanted() -> None:
        download.check()
        if clock.monotonic() > until:
            raise web.WebRefused(f"it takes longer than {settings.web_download_seconds} s")

    if context.arguments["method"] == REMOTE:
        url = elsewhere.address(context)
        allowed, headers = elsewhere.rules(allowed, url), [("X-Auth-Token", secret)]
        other, url = elsewhere.described(url, allowed, secret, wanted), f"{url}/file"
        disk_format = room.inspected_as(other.container_format, other.disk_format)
    else:
        url = secret
    most = context.arguments["most"]
    writer = context.engine(ImageStore).begin(row["id"], disk_format)
    try:
        # A deletion that came before this removes no file that comes now.
        _found(context)
        writer = signatures.verified(writer, row["properties"], settings.image_certificates)
        with web.reading(url, allowed, headers, wanted) as coming:
            if most is not None and (coming.size or 0) > most:
                raise web.WebRefused(_too_large(most))
            came = 0
            for block in coming.blocks:
                came += len(block)
                if most is not None and came > most:
                    raise web.WebRefused(_too_large(most))
                writer.write(block)
            if coming.size is not None and came != coming.size:
                raise web.WebSilent(f"the server sent {came} bytes of {coming.size}")
            if other is not None and came != other.size:
                raise web.WebSilent(f"the service sent {came} bytes of {other.size}")
        return writer.finish(), other
    except BaseException:
        writer.abort()
        raise


def _too_large(most: int) -> str:
    return f"it is larger than the {most >> 20} MiB that are allowed"


def _fetched(context: Context, tx: Transaction) -> None:
    """Other imports of the same owner may have ended in the meantime."""
    if stored := context.data.pop("stored", None):
        row = images_store.find(tx, context.arguments["image_id"])
        if row is not None:
            room.check(room.left(tx, row["owner"], staging=False), stored["size"])
            images_store.update(tx, row["id"], **stored)


def _unfetch(context: Context) -> Again | None:
    if _comes_from_elsewhere(context):
        if not fetching.end(context.id):
            return Again(after=1.0)
        stores.of(context.engine, STORE).delete(context.arguments["image_id"])
    return None


def _copy(context: Context) -> Again | None:
    row, failed = _found(context), []
    staged = stores.of(context.engine, STORE)
    for name in targets(context):
        if name == STORE:
            continue
        try:
            stores.copy(staged, stores.of(context.engine, name), row)
        except UploadRunning:
            return Again(after=5.0)
        except ImagesError as error:
            if context.arguments.get("must_succeed", True) or targets(context) == [name]:
                raise
            failed.append(name)
            context.data["reason"] = str(error)[:300]
    if len(failed) == len(targets(context)):
        raise Failed(context.data["reason"])
    context.data["failed"] = failed
    return None


def _uncopy(context: Context) -> None:
    for name in targets(context):
        if name != STORE:
            stores.of(context.engine, name).delete(context.arguments["image_id"])


def _copied(context: Context, tx: Transaction) -> None:
    there = [name for name in targets(context) if name not in context.data["failed"]]
    image_id, other = context.arguments["image_id"], context.data.get("other")
    images_store.update(tx, image_id, store=stores.joined(there))
    row = images_store.find(tx, image_id)
    if other is not None and row is not None:
        images_store.update(tx, image_id, disk_format=other["disk_format"], container_format=other["container_format"])
        images_store.put_properties(tx, image_id, {**row["properties"], **other["properties"]})


def _remove_staged(context: Context) -> None:
    if STORE not in targets(context):
        stores.of(context.engine, STORE).delete(context.arguments["image_id"])


def _finish(context: Context, tx: Transaction) -> None:
    images_store.update(
        tx, context.arguments["image_id"], status=ACTIVE, upload=None, importing_to="",
        failed_import=stores.joined(context.data["failed"]),
    )  # fmt: skip


def _failed(context: Context, tx: Transaction, reason: str) -> None:
    """Staged bytes are staged as before, unless they were moved already; others are gone."""
    row = images_store.find(tx, context.arguments["image_id"])
    if row is None or row["status"] != IMPORTING or row["store"] not in (STORE, None):
        return
    told = {"importing_to": "", "failed_import": stores.joined(targets(context))}
    if _comes_from_elsewhere(context):
        gone = dict.fromkeys(("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "store", "upload"))
        images_store.update(tx, row["id"], status=QUEUED, **gone, **told)
    else:
        images_store.update(tx, row["id"], status=UPLOADING, **told)


IMPORT = Operation(
    "image.import",
    [
        Step("fetch", do=_fetch, record=_fetched, undo=_unfetch, deadline=LONGEST),
        Step("copy", do=_copy, record=_copied, undo=_uncopy, deadline=LONGEST, pivot=True),
        Step("remove_staged", do=_remove_staged, record=_finish),
    ],
    failed=_failed,
)
