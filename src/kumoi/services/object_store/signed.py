"""TempURL: a signature in the query stands in for a token, for one method on one object, or on all with a prefix."""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest, Unauthorized
from kumoi.kernel.http import Request
from kumoi.kernel.who import Who
from kumoi.services.object_store import access, stores

KEYS = ("temp-url-key", "temp-url-key-2")
DIGESTS = {40: "sha1", 64: "sha256", 128: "sha512"}
"""Hexadecimal digits → digest."""
_UNSIGNED = "version-id"
"""A parameter that would let a signature reach other bytes than those of its object."""
_MANIFEST = "multipart-manifest"
_PASSED_OVER = (_MANIFEST, "symlink", "format")
"""Parameters of reads that would show where the bytes of an object are kept. Swift takes no parameter that is not signed."""
_READS = ("GET", "HEAD")
_REFUSED = ("x-object-manifest", "x-symlink-target", "x-copy-from")
"""Headers by which a signature would reach further than to its object."""


def heed(request: Request, account: str, container: str, name: str) -> bool:
    """Let the request go on as the account's, if it is signed. Whether it is; Unauthorized for a wrong signature."""
    texts = {key: values[-1] for key, values in request.params.items()}
    if "temp_url_sig" not in texts or "temp_url_expires" not in texts:
        return False
    assert request.route is not None
    method = request.route.method
    for header in _REFUSED:
        if header in request.headers:
            raise BadRequest(f"{header.title()}: it is not taken with a signature.")
    if texts.get(_UNSIGNED):
        raise BadRequest(f"{_UNSIGNED}: it is not taken with a signature.")
    if _MANIFEST in texts and method not in _READS:
        raise BadRequest(f"{_MANIFEST}: it is not taken with a signature.")
    for parameter in _PASSED_OVER:
        request.params.pop(parameter, None)
    prefix = texts.get("temp_url_prefix")
    if not (expires := _seconds(texts["temp_url_expires"])) or expires < clock.now() // clock.SECOND:
        raise _invalid()
    if prefix is not None and not name.startswith(prefix):
        raise _invalid()
    _check_address(request, texts.get("temp_url_ip_range"))
    path = f"/v1/{account}/{container}/{name if prefix is None else prefix}"
    methods = (method, "GET", "PUT", "POST") if method == "HEAD" else (method,)
    wanted, digest = signature(texts["temp_url_sig"])
    before = f"ip={texts['temp_url_ip_range']}\n" if "temp_url_ip_range" in texts else ""
    marked = "prefix:" if prefix is not None else ""
    said = [
        f"{before}{each}\n{expires}\n{marked}{root}{path}".encode()
        for each in methods
        for root in ("", request.service.prefix)
    ]
    if (signer := signer_of(request, account, container, said, wanted, digest)) is None:
        raise _invalid()
    request.who = signer
    return True


def signer_of(
    request: Request, account: str, container: str, said: list[bytes], wanted: bytes, digest: str
) -> Who | None:
    """Who signed one of these texts. The key of a container reaches no other one."""
    for key, bound in stores.look(request, lambda tx: list(keys_of(tx, account, container))):
        if any(hmac.compare_digest(hmac.digest(key, text, digest), wanted) for text in said):
            roles = frozenset({"member", "reader"})
            return Who(access.SIGNER, user_name=bound, project_id=access.project_of(account), roles=roles)
    return None


def keys_of(tx: stores.Reading, account: str, container: str) -> Iterator[tuple[bytes, str]]:
    """(key, the container to which it belongs)."""
    owner, place = tx.account(account), tx.container(account, container)
    for metadata, prefix, bound in (
        (owner.metadata if owner else {}, "x-account-meta-", ""),
        (place.metadata if place else {}, "x-container-meta-", container),
    ):
        for key in KEYS:
            if text := metadata.get(prefix + key):
                yield text.encode(), bound


def signature(text: str) -> tuple[bytes, str]:
    """The bytes and the digest of a signature: hexadecimal, or `sha256:` and Base64."""
    name, colon, encoded = text.partition(":")
    try:
        if colon:
            padded = encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4)
            return base64.b64decode(padded, validate=True), name if name in DIGESTS.values() else _raise()
        return bytes.fromhex(text), DIGESTS.get(len(text)) or _raise()
    except (ValueError, binascii.Error):
        raise _invalid() from None


def _raise() -> str:
    raise _invalid()


def _invalid() -> Unauthorized:
    return Unauthorized("Temp URL invalid")


def _seconds(text: str) -> int:
    """0: it is no time."""
    try:
        return int(text) if text.strip().isdigit() else clock.parse_iso(text) // clock.SECOND
    except ValueError:
        return 0


def _check_address(request: Request, text: str | None) -> None:
    if text is None:
        return
    try:
        allowed = ipaddress.ip_network(text, strict=False)
        client = ipaddress.ip_address(request.headers.get("x-forwarded-for", ""))
    except ValueError:
        raise _invalid() from None
    if client not in allowed:
        raise _invalid()


def disposition(request: Request, name: str, headers: Mapping[str, str]) -> dict[str, str]:
    """What a signed download says of its file; metadata is not shown."""
    kept = {key: value for key, value in headers.items() if not key.lower().startswith("x-object-meta-")}
    texts = {key: values[-1] for key, values in request.params.items()}
    given = texts.get("filename")
    if "inline" in texts:
        kept["Content-Disposition"] = "inline" if given is None else f"inline; {_filename(given)}"
    elif given is not None or not any(key.lower() == "content-disposition" for key in kept):
        kept["Content-Disposition"] = f"attachment; {_filename(given or name.rstrip('/').rpartition('/')[2])}"
    return kept


def _filename(text: str) -> str:
    plain = "".join(c if 31 < ord(c) < 127 and c not in '"\\' else "_" for c in text)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(text, safe='')}"
