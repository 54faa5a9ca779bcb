"""Forms have no paths of their own: the kind of the body asks for them (`specials.py`)."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from kumoi.kernel import clock
from kumoi.kernel.errors import ApiError, BadRequest, TooLarge, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import access, asked, limits, signed, specials, stores
from kumoi.services.object_store.forms.logic import Form, Part, boundary
from kumoi.services.object_store.objects import logic, uploads
from kumoi.services.object_store.specials import Place

routes = Routes()
LONGEST_FIELD, MOST_FIELDS = 8192, 200
_KEPT = {"x_delete_at": "x-delete-at", "x_delete_after": "x-delete-after"}


async def receive(request: Request, body: AsyncIterator[bytes], place: Place) -> Reply:
    account, container, prefix = place
    form = Form(body, boundary(request.headers.get("content-type", "")))
    fields: dict[str, str] = {}
    count = 0
    try:
        async for part in form.parts():
            if part.filename is None:
                # What comes after a file changes nothing: the signature was checked before it.
                if not count:
                    fields[part.name] = await _text(form)
                if len(fields) >= MOST_FIELDS:
                    raise BadRequest(f"The form has too many fields; fewer than {MOST_FIELDS} are taken.")
                continue
            if not part.filename:
                continue
            if not count:
                _check(request, place, fields)
            count += 1
            if count > int(fields["max_file_count"]):
                raise BadRequest("max file count exceeded")
            await _store(request, form, part, (account, container, prefix + part.filename), fields)
        if not count:
            _check(request, place, fields)
            raise BadRequest("no files to process")
    except ApiError as error:
        if fields.get("redirect") and request.who.user_id == access.SIGNER:
            return _redirected(fields["redirect"], error.status, error.message)
        raise
    if fields.get("redirect"):
        return _redirected(fields["redirect"], 201, "")
    return asked.done(201)


async def _text(form: Form) -> str:
    raw = bytearray()
    async for chunk in form.content():
        raw += chunk
        if len(raw) > LONGEST_FIELD:
            raise BadRequest(f"A field of the form has more than {LONGEST_FIELD} bytes.")
    return raw.decode("utf-8", "replace")


def _check(request: Request, place: Place, fields: dict[str, str]) -> None:
    """Let the request go on as the account's; Unauthorized unless the form is signed and in time."""
    account, container, prefix = place
    for name in ("max_file_size", "max_file_count", "expires"):
        if not limits.is_number(fields.get(name, "").strip()):
            raise BadRequest(f"FormPost: {name} is not an integer")
    if int(fields["expires"]) < clock.now() // clock.SECOND:
        raise Unauthorized("FormPost: Form Expired")
    wanted, digest = signed.signature(fields.get("signature", ""))
    path = f"/v1/{account}/{container}"
    # Clients sign a container with the slash behind it or without.
    paths = [f"{path}/{prefix}"] if prefix else [path, f"{path}/"]
    rest = [fields.get(name, "") for name in ("redirect", "max_file_size", "max_file_count", "expires")]
    said = ["\n".join([root + path, *rest]).encode() for root in ("", request.service.prefix) for path in paths]
    if (signer := signed.signer_of(request, account, container, said, wanted, digest)) is None:
        raise Unauthorized("FormPost: Invalid Signature")
    request.who = signer


async def _store(request: Request, form: Form, part: Part, place: Place, fields: dict[str, str]) -> None:
    most = min(int(fields["max_file_size"]), limits.MOST_BYTES)
    headers = {header: fields[name] for name, header in _KEPT.items() if name in fields}
    if part.content_type:
        headers["content-type"] = part.content_type.encode().decode("latin-1")
    said = logic.described(headers, clock.now())

    async def within() -> AsyncIterator[bytes]:
        came = 0
        async for chunk in form.content():
            came += len(chunk)
            if came > most:
                raise TooLarge("max_file_size exceeded")
            yield chunk

    stores.look(request, lambda tx: logic.may_put(tx, request.who, *place, {}, 0))
    with stores.translated():
        writer = stores.begin(request, place[0], place[1])
        try:
            stored = await uploads.pour(within(), writer)
        except BaseException:
            writer.discard()
            raise
    await stores.change(request, lambda tx: logic.put(tx, request.who, *place, {}, said, stored), writer)


def _redirected(address: str, status: int, message: str) -> Reply:
    sign = "&" if "?" in address else "?"
    location = f"{address}{sign}status={status}&message={quote(message)}"
    if any(ord(each) < 32 for each in location):
        raise BadRequest("redirect: it holds a character that no address has.")
    return asked.done(303, {"Location": limits.encoded(location)})


specials.registered[("POST", specials.FORM)] = receive
