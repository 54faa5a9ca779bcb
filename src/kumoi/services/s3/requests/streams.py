"""Routes that change buckets and objects, in the process that writes to the object store; and downloads that the front
cannot send from a file."""

import asyncio
from collections.abc import AsyncIterator

from kumoi.kernel import policy, randomness
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Object, Reading
from kumoi.services.s3 import asked, checksums, chunks, xml
from kumoi.services.s3.acls import logic as acls
from kumoi.services.s3.acls import people
from kumoi.services.s3.asked import QUERY
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.cors import answers
from kumoi.services.s3.errors import S3Error, code_of, denied
from kumoi.services.s3.forms import receive as forms
from kumoi.services.s3.lifecycle import logic as lifecycle
from kumoi.services.s3.objects import deletions, downloads
from kumoi.services.s3.objects import logic as objects
from kumoi.services.s3.objects import uploads as bodies
from kumoi.services.s3.policies import logic as policies
from kumoi.services.s3.requests import documents
from kumoi.services.s3.settings import access
from kumoi.services.s3.settings import logic as settings
from kumoi.services.s3.tags import logic as tags
from kumoi.services.s3.uploads import logic as uploads
from kumoi.services.s3.uploads import transfer
from kumoi.services.s3.versions import logic as versions

routes = Routes()
SIGNED = policy.by_signature()
BUCKET, OBJECT = "/{container}", "/{container}/{object:path}"
_REFUSALS = (405, 408, 409, 411, 412, 413, 416, 501, 507)


@routes.put(BUCKET, policy=SIGNED, mode="stream", raw_body=True, reply=bytes, errors=(204, *_REFUSALS))
@answers.streamed
async def put_bucket(request: Request, body: AsyncIterator[bytes], container: str) -> Reply:
    given, who = asked.parameters(request), request.who
    asked.check(request, given)
    if (setting := documents.asked_for(given)) is not None:
        text = settings.read(await chunks.whole(request, body, xml.MOST), setting)
        await object_store.change(request, lambda tx: settings.put(tx, who, container, setting, text))
        return Reply(raw=b"", status=setting.status, content_type=xml.KIND)
    asked.refuse_absent(request, given)
    asked.refuse_headers(request)
    raw = await chunks.whole(request, body, xml.MOST)
    if "policy" in given:
        rights = policies.read(raw, container.rpartition(":")[2])
        await asyncio.to_thread(people.check_grantees, request, policies.grants_of(rights))
        await object_store.change(request, lambda tx: policies.put(tx, who, container, raw, rights))
        return Reply(raw=b"", status=204, content_type=xml.KIND)
    if "versioning" in given:
        wanted = buckets.read_versioning(raw)
        await object_store.change(request, lambda tx: buckets.set_versioning(tx, who, container, wanted))
        return Reply(raw=b"", content_type=xml.KIND)
    if "acl" in given:
        found = await people.said(request, raw)
        await object_store.change(request, lambda tx: acls.put_bucket(tx, who, container, found))
        return Reply(raw=b"", content_type=xml.KIND)
    kept = acls.kept(await people.of_headers(request)) | access.of_header(request.headers)
    copied_to = request.settings.container_copies
    await object_store.change(request, lambda tx: buckets.create(tx, who, container, kept, copied_to))
    return Reply(raw=b"", headers={"Location": f"/{container}"}, content_type=xml.KIND)


@routes.post(
    BUCKET, policy=SIGNED, mode="stream", status=200, raw_body=True, reply=bytes, errors=(201, 204, 303, *_REFUSALS)
)
@answers.streamed
async def post_bucket(request: Request, body: AsyncIterator[bytes], container: str) -> Reply:
    given = asked.parameters(request)
    asked.check(request, given)
    asked.refuse_absent(request, given)
    if "delete" not in given:
        if request.headers.get("content-type", "").lower().startswith(forms.KIND):
            return await forms.receive(request, body, container)
        if not request.who.user_id:
            raise denied()
        raise S3Error(400, "InvalidRequest", "A POST of a bucket has the parameter delete, or is a form.")
    asked.refuse_headers(request)
    keys, quiet = deletions.read(await chunks.whole(request, body, xml.MOST))
    done = await object_store.change(
        request, lambda tx: objects.remove_many(tx, request.who, container, keys), frees=True
    )
    return xml.reply("DeleteResult", objects.deleted(done, code_of, quiet=quiet))


@routes.delete(BUCKET, policy=SIGNED, mode="stream", reply=bytes, errors=_REFUSALS)
@answers.streamed
async def delete_bucket(request: Request, body: AsyncIterator[bytes], container: str) -> Reply:
    given = asked.parameters(request)
    asked.check(request, given)
    if (setting := documents.asked_for(given)) is not None:
        await object_store.change(request, lambda tx: settings.put(tx, request.who, container, setting, None))
        return Reply(raw=b"", content_type=xml.KIND)
    asked.refuse_absent(request, given)
    if "policy" in given:
        await object_store.change(request, lambda tx: policies.remove(tx, request.who, container))
        return Reply(raw=b"", content_type=xml.KIND)
    await object_store.change(request, lambda tx: buckets.remove(tx, request.who, container), frees=True)
    return Reply(raw=b"", content_type=xml.KIND)


@routes.put(OBJECT, policy=SIGNED, mode="stream", raw_body=True, reply=bytes, errors=_REFUSALS)
@answers.streamed
async def put_object(request: Request, body: AsyncIterator[bytes], container: str, object: str) -> Reply:
    given = asked.parameters(request)
    asked.check(request, given)
    if "tagging" in given:
        tagged = tags.of_document(await chunks.whole(request, body, xml.MOST))
        headers = await object_store.change(
            request, lambda tx: tags.put(tx, request.who, container, object, tagged, given.text("versionId"))
        )
        return Reply(raw=b"", headers=headers, content_type=xml.KIND)
    asked.refuse_absent(request, given)
    asked.refuse_headers(request)
    if "acl" in given:
        granted, id = await people.said(request, await chunks.whole(request, body, xml.MOST)), given.text("versionId")
        await object_store.change(request, lambda tx: acls.put_object(tx, request.who, container, object, granted, id))
        return Reply(raw=b"", content_type=xml.KIND)
    await people.of_headers(request)
    is_part, is_copy = "uploadId" in given, "x-amz-copy-source" in request.headers
    if is_copy:
        if is_part:
            made, found = await transfer.copy_part(request, container, object, given)
        else:
            made, found = await bodies.copy(request, container, object)
        root = "CopyPartResult" if is_part else "CopyObjectResult"
        fields = {"LastModified": asked.time(made.at), "ETag": f'"{made.etag}"', **objects.shown_sums(made)}
        return xml.reply(root, fields, headers=versions.copied(made, found))
    if is_part:
        made, sums = await transfer.put_part(request, body, container, object, given)
    else:
        made, sums = await bodies.put(request, body, container, object)
    headers = {"ETag": f'"{made.etag}"', **sums, **versions.made(made)}
    if not is_part:
        headers |= await asyncio.to_thread(_expiration, request, container, made)
    return Reply(raw=b"", headers=headers, content_type=xml.KIND)


def _expiration(request: Request, container: str, made: Object) -> dict[str, str]:
    def work(tx: Reading) -> dict[str, str]:
        where = buckets.opened(tx, request.who, container, write=True)
        return lifecycle.header(where, made)

    return object_store.look(request, work)


@routes.post(OBJECT, policy=SIGNED, mode="stream", status=200, raw_body=True, reply=bytes, errors=_REFUSALS)
@answers.streamed
async def post_object(request: Request, body: AsyncIterator[bytes], container: str, object: str) -> Reply:
    given, who = asked.parameters(request), request.who
    asked.check(request, given)
    asked.refuse_absent(request, given)
    place = {"Bucket": container, "Key": object}
    if "uploads" in given:
        asked.refuse_headers(request)
        await people.of_headers(request)
        said, id = objects.described(request.headers, {}), randomness.new_hex()
        sum = uploads.sum_asked(request.headers)
        await chunks.whole(request, body, xml.MOST)
        await object_store.change(request, lambda tx: uploads.create(tx, who, container, object, id, said, sum))
        names = (checksums.ALGORITHM, checksums.TYPE)
        headers = dict(zip(names, (checksums.name_of(sum[0]), sum[1]), strict=True)) if sum else {}
        return xml.reply("InitiateMultipartUploadResult", {**place, "UploadId": id}, headers=headers)
    if "uploadId" not in given:
        if not who.user_id:
            raise denied()
        raise S3Error(400, "InvalidRequest", "A POST of an object has one of the parameters uploads and uploadId.")
    raw = await chunks.whole(request, body, xml.MOST, summed=False)
    made = await transfer.complete(request, raw, container, object, given)
    location = f"{request.base_url}{request.url_path}"
    fields = {"Location": location, **place, "ETag": f'"{made.etag}"', **objects.shown_sums(made)}
    return xml.reply("CompleteMultipartUploadResult", fields, headers=versions.made(made))


@routes.delete(OBJECT, policy=SIGNED, mode="stream", reply=bytes, errors=_REFUSALS)
@answers.streamed
async def delete_object(request: Request, body: AsyncIterator[bytes], container: str, object: str) -> Reply:
    given, who = asked.parameters(request), request.who
    asked.check(request, given)
    version = given.text("versionId")
    if "tagging" in given:
        headers = await object_store.change(request, lambda tx: tags.put(tx, who, container, object, "", version))
        return Reply(raw=b"", headers=headers, content_type=xml.KIND)
    asked.refuse_absent(request, given)
    asked.refuse_headers(request)
    if "uploadId" in given:
        id = given.text("uploadId")
        await object_store.change(request, lambda tx: uploads.abort(tx, who, container, object, id), frees=True)
        return Reply(raw=b"", content_type=xml.KIND)
    removal = await object_store.change(
        request, lambda tx: objects.remove(tx, who, container, object, request.headers, version), frees=True
    )
    return Reply(raw=b"", headers=versions.removed(removal), content_type=xml.KIND)


@routes.get(OBJECT, policy=SIGNED, mode="stream", query=QUERY, reply=bytes, errors=(206, 304, 405, 412, 416, 501))
@answers.streamed
async def get_object(request: Request, body: AsyncIterator[bytes], container: str, object: str) -> Reply:
    given = asked.parameters(request)
    asked.check(request, given)
    asked.refuse_absent(request, given)
    return downloads.streamed(request, container, object, given)
