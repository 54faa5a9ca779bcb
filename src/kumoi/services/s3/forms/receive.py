"""Receives the file of a form."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from urllib.parse import quote

from kumoi.engines.objects.interface import Object, Stored, Writing
from kumoi.kernel import clock
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.kernel.who import NOBODY, Who
from kumoi.services.identity.facade import signing_key
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Form, boundary
from kumoi.services.s3 import signatures, xml
from kumoi.services.s3.checksums import PREFIX, Sums
from kumoi.services.s3.errors import S3Error, mismatch
from kumoi.services.s3.forms import logic
from kumoi.services.s3.objects import logic as objects
from kumoi.services.s3.objects import uploads
from kumoi.services.s3.tags import logic as tags

KIND = "multipart/form-data"
LONGEST_FIELD, MOST_FIELDS = 32 << 10, 100
_KEPT = ("content-type", "cache-control", "content-disposition", "content-encoding", "expires")


async def receive(request: Request, body: AsyncIterator[bytes], bucket: str) -> Reply:
    try:
        form = Form(body, boundary(request.headers.get("content-type", "")))
        fields: dict[str, str] = {}
        async for part in form.parts():
            if part.name.lower() == "file":
                return await _store(request, form, part.filename or "", fields, bucket)
            fields[part.name.lower()] = await _text(form)
            if len(fields) > MOST_FIELDS:
                raise BadRequest(f"The form has more than {MOST_FIELDS} fields.")
    except BadRequest as error:
        raise S3Error(400, "MalformedPOSTRequest", error.message) from error
    raise S3Error(400, "InvalidArgument", "POST requires exactly one file upload per request.")


async def _text(form: Form) -> str:
    raw = bytearray()
    async for chunk in form.content():
        raw += chunk
        if len(raw) > LONGEST_FIELD:
            raise BadRequest(f"A field of the form has more than {LONGEST_FIELD} bytes.")
    return raw.decode("utf-8", "replace")


async def _store(request: Request, form: Form, filename: str, fields: dict[str, str], bucket: str) -> Reply:
    request.who = who = await asyncio.to_thread(_signer, request, fields)
    if not fields.get("key"):
        raise S3Error(400, "InvalidArgument", "Bucket POST must contain a field named 'key'.")
    fields["key"] = key = fields["key"].replace("${filename}", filename.rpartition("/")[2])
    limits = logic.check(fields["policy"], fields, bucket, clock.now() // clock.SECOND) if "policy" in fields else None
    headers = _headers(fields)
    objects.described(headers, {})

    def check(size: int) -> None:
        object_store.look(request, lambda tx: objects.may_put(tx, who, bucket, key, {}, size))

    def give(tx: Writing, stored: Stored, sums: dict[str, str]) -> Object:
        return objects.put(tx, who, bucket, key, {}, objects.described(headers, sums), stored)

    check(limits[0] if limits else 0)
    sums = Sums(headers)
    made, _ = await uploads.pour(request, _within(form, limits, sums), sums, bucket, give)
    return _answer(request, fields, bucket, key, made)


def _signer(request: Request, fields: dict[str, str]) -> Who:
    """Whose key signed the policy; NOBODY for a form without one."""
    if "policy" not in fields:
        return NOBODY
    policy, credential = fields["policy"], fields.get("x-amz-credential", "")
    if fields.get("x-amz-algorithm") == signatures.ALGORITHM:
        access, *scope = credential.split("/")
        if len(scope) != 4 or scope[2:] != ["s3", "aws4_request"]:
            raise S3Error(
                400, "InvalidArgument", "x-amz-credential: it is of the form key/date/region/s3/aws4_request."
            )
        signer = signatures.signer_of(request, access)
        key, given = signing_key(signer.secret, scope), fields.get("x-amz-signature", "")
        wanted = hmac.digest(key, policy.encode(), "sha256").hex()
    else:
        given = fields.get("signature", "")
        if not given or not fields.get("awsaccesskeyid"):
            raise S3Error(
                400, "InvalidArgument", "Bucket POST must contain a field named 'Signature' and 'AWSAccessKeyId'."
            )
        signer = signatures.signer_of(request, fields["awsaccesskeyid"])
        wanted = base64.b64encode(hmac.digest(signer.secret.encode(), policy.encode(), hashlib.sha1)).decode()
    if not signatures.same(wanted, given):
        raise mismatch("The signature of the policy does not match.")
    return signer.who


def _headers(fields: dict[str, str]) -> dict[str, str]:
    """The same as the headers of a PUT, in which characters represent bytes."""
    found = {
        name: text
        for name, text in fields.items()
        if name in _KEPT or name.startswith((objects.META, PREFIX)) or name.startswith("x-amz-grant-")
    }
    if "acl" in fields:
        found["x-amz-acl"] = fields["acl"]
    if "tagging" in fields:
        found["x-amz-tagging"] = tags.of_document(fields["tagging"].encode())
    return {name: text.encode().decode("latin-1") for name, text in found.items()}


async def _within(form: Form, limits: logic.Limits | None, sums: Sums) -> AsyncIterator[bytes]:
    came = 0
    async for chunk in form.content():
        came += len(chunk)
        if limits and came > limits[1]:
            raise S3Error(
                400, "EntityTooLarge", f"Your proposed upload exceeds the maximum allowed size of {limits[1]}."
            )
        sums.update(chunk)
        yield chunk
    if limits and came < limits[0]:
        raise S3Error(
            400, "EntityTooSmall", f"Your proposed upload is smaller than the minimum allowed size of {limits[0]}."
        )


def _answer(request: Request, fields: dict[str, str], bucket: str, key: str, made: Object) -> Reply:
    etag = f'"{made.etag}"'
    location = f"{request.base_url}{request.service.prefix}/{quote(bucket)}/{quote(key)}"
    target = fields.get("success_action_redirect") or fields.get("redirect", "")
    if target.startswith(("http://", "https://")) and target.isascii() and target.isprintable():
        sign = "&" if "?" in target else "?"
        to = f"{target}{sign}bucket={quote(bucket)}&key={quote(key, safe='')}&etag={quote(etag, safe='')}"
        return Reply(raw=b"", status=303, headers={"Location": to, "ETag": etag}, content_type=xml.KIND)
    headers = {"ETag": etag, "Location": location}
    if fields.get("success_action_status") == "201":
        shown = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
        return xml.reply("PostResponse", shown, status=201, headers=headers, namespace="")
    status = 200 if fields.get("success_action_status") == "200" else 204
    return Reply(raw=b"", status=status, headers=headers, content_type=xml.KIND)
