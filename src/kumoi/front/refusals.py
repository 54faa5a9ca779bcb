"""Renders nginx's own errors in the error shape of the service that the request addressed.

The configuration is written before the services are loaded. So the front imports only `errors.py` of each service,
which imports nothing heavy and contains the service's ROOT and its renderer.
"""

import importlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from kumoi import services
from kumoi.kernel import log
from kumoi.kernel.errors import ApiError, media_type, of_status

MESSAGES = {
    400: "The request is not valid HTTP.",
    403: "This address may not be read.",
    404: "The resource could not be found.",
    405: "The method is not allowed for this resource.",
    413: "The request body is larger than this address accepts.",
    414: "The request line is too long.",
    416: "The image has no such range of bytes.",
    429: "This address sends too many requests; try again in a moment.",
    431: "The request headers are too large.",
    500: "The server failed.",
    501: "The request has an encoding that is not supported.",
    503: "The service is starting or restarting; try again in a moment.",
    504: "The service did not answer in time.",
}
"""Status → the sentence that the client reads."""
SHOWN_AS = {494: 431, 495: 400, 496: 400, 497: 400, 502: 503, 505: 400}
"""nginx's own statuses, and the statuses that clients see."""
REQUEST_ID = "$refusal_id"
"""The nginx variable with this request's `req-…`."""

Render = Callable[[ApiError], Any]


@cache
def shapes() -> dict[str, Render]:
    """Root → how its service renders an error, by root, of the services that the cloud has."""
    errors = [importlib.import_module(f"{services.__name__}.{name}.errors") for name in services.present()]
    found: dict[str, Render] = {room.ROOT: room.render for room in errors}
    return dict(sorted(found.items()))


def body(root: str, status: int) -> str:
    """The JSON or HTML of a refusal below a root, REQUEST_ID in it; root empty: of no service."""
    held = log.request_id.set(REQUEST_ID)
    try:
        render: Render = shapes()[root] if root else _of_no_service
        shape = render(of_status(status, MESSAGES[status]))
    finally:
        log.request_id.reset(held)
    return shape if isinstance(shape, str) else json.dumps(shape, separators=(",", ":"))


def _of_no_service(error: ApiError) -> dict[str, Any]:
    return {"error": {"code": error.status, "message": error.message, "title": error.title}}


def maps(door: str = "", root: str = "") -> str:
    """nginx's `map` blocks: `$refused_at` from the request line, which exists even for unreadable requests; the
    request's id; and `$refusal_…`, the body of each status. `door`: a variable that is not empty at hosts whose paths begin
    below `root`."""
    services = f'        "~^/" {root};\n' if door else ""
    services += "".join(rf'        "~^\S+ ([a-z]+://[^/ ]*)?{root}[/? ]" {root};' + "\n" for root in shapes())
    # Requests that the API handled already have an id. Others get one here.
    parts = "".join(f"(?<id{part}>.{{{length}}})" for part, length in enumerate((8, 4, 4, 4, 12)))
    made = "req-" + "-".join(f"$id{part}" for part in range(5))
    text = f'    map {door}$request $refused_at {{\n        default "";\n{services}    }}\n'
    kinds = {root: _KINDS[media_type(render(of_status(404, "")))] for root, render in shapes().items()}
    texts = f'        "~^/" {kinds[root]};\n' if door and kinds.get(root) else ""
    texts += "".join(
        rf'        "~^\S+ ([a-z]+://[^/ ]*)?{root}[/? ]" {end};' + "\n" for root, end in kinds.items() if end
    )
    text += f'    map {door}$request $refused_as {{\n        default "";\n{texts}    }}\n'
    text += f'    map $request_id $made_id {{ "~^{parts}$" {made}; }}\n'
    text += f'    map $upstream_http_x_openstack_request_id {REQUEST_ID} {{ "" $made_id; default {_GIVEN}; }}\n'
    # nginx omits a header with an empty value.
    text += f'    map $refused_at $compute_refusal_id {{ default ""; /compute {REQUEST_ID}; /volume {REQUEST_ID}; }}\n'
    for status in MESSAGES:
        bodies = "".join(f"        {root} '{_quoted(body(root, status))}';\n" for root in shapes())
        text += f"    map $refused_at $refusal_{status} {{\n        default '{_quoted(body('', status))}';\n{bodies}    }}\n"
    return text


_KINDS = {"application/json": "", "text/html; charset=UTF-8": "_text", "application/xml": "_xml"}
"""Media type → the end of the names of the locations that answer in it."""
_GIVEN = "$upstream_http_x_openstack_request_id"


def locations() -> str:
    """nginx's `error_page` lines and the locations that they name."""
    return "".join(_location(status, SHOWN_AS.get(status, status)) for status in sorted({*MESSAGES, *SHOWN_AS}))


def _location(status: int, shown: int) -> str:
    retry = " add_header Retry-After 1 always;" if shown in (429, 503) else ""
    ids = (
        f"add_header X-Openstack-Request-Id {REQUEST_ID} always; "
        "add_header X-Compute-Request-Id $compute_refusal_id always; "
        "add_header Strict-Transport-Security $transport_security always;"
    )
    # The body's size was checked for the original location. Here the check would hide the real error of an upload.
    whole = "internal; client_max_body_size 0; default_type"
    answer = f"{retry} {ids} return {shown} $refusal_{shown};"
    text = f"        error_page {status} ={shown} /_error_{status}$refused_as;\n"
    for kind, end in _KINDS.items():
        text += f'        location = /_error_{status}{end} {{ {whole} "{kind}";{answer} }}\n'
    return text


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
