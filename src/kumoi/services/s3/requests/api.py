"""Routes that read, in the API's processes."""

from kumoi.kernel import policy, queries
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import Container, Grant
from kumoi.services.s3 import asked, xml
from kumoi.services.s3.acls import logic as acls
from kumoi.services.s3.acls import people
from kumoi.services.s3.asked import QUERY, Parameters
from kumoi.services.s3.buckets import logic as buckets
from kumoi.services.s3.cors import answers
from kumoi.services.s3.objects import downloads, listing
from kumoi.services.s3.objects import logic as objects
from kumoi.services.s3.policies import logic as policies
from kumoi.services.s3.requests import attributes, documents
from kumoi.services.s3.settings import logic as settings
from kumoi.services.s3.tags import logic as tags
from kumoi.services.s3.uploads import logic as uploads

routes = Routes()
SIGNED = policy.by_signature()
BUCKET, OBJECT = "/{container}", "/{container}/{object:path}"


@routes.get("", policy=SIGNED, mode="live", query=QUERY, reply=bytes, errors=(405, 501))
def list_buckets(request: Request, query: queries.Params) -> Reply:
    given, who = Parameters(query), request.who
    asked.check(request, given)
    asked.refuse_absent(request, given)
    most = given.number("max-buckets", buckets.MOST_LISTED, buckets.MOST_LISTED, least=1)
    prefix, after = given.text("prefix"), listing.of_token(given.text("continuation-token"))
    found, more = object_store.look(request, lambda tx: buckets.listed(tx, who, prefix, after, most))
    fields = {
        "Owner": buckets.owner(who),
        "Buckets": {"Bucket": [buckets.shown(each) for each in found]},
        "ContinuationToken": listing.token(found[-1].name) if more else None,
        "Prefix": prefix or None,
    }
    return xml.reply("ListAllMyBucketsResult", fields)


@routes.get(BUCKET, policy=SIGNED, mode="live", query=QUERY, reply=bytes, errors=(405, 501))
@answers.shared
def show_bucket(request: Request, container: str, query: queries.Params) -> Reply:
    given, who = Parameters(query), request.who
    asked.check(request, given)
    if (setting := documents.asked_for(given)) is not None:
        return xml.reply(
            setting.root, object_store.look(request, lambda tx: settings.shown(tx, who, container, setting))
        )
    if "acl" in given:
        return _list(request, *object_store.look(request, lambda tx: acls.of_bucket(tx, who, container)))
    if "policy" in given:
        text = object_store.look(request, lambda tx: policies.shown(tx, who, container))
        return Reply(raw=text, content_type="application/json")
    if "policyStatus" in given:
        return xml.reply("PolicyStatus", object_store.look(request, lambda tx: policies.status(tx, who, container)))
    if "location" in given:
        object_store.look(request, lambda tx: policies.check_location(tx, who, container))
        return xml.reply("LocationConstraint", {"": request.settings.region})
    asked_for = next((name for name in ("versioning", *asked.ABSENT) if name in given), "")
    if asked_for:
        object_store.look(request, lambda tx: buckets.owned(tx, who, container))
        if asked_for in asked.FIXED:
            return xml.reply(*asked.FIXED[asked_for])
        if asked_for in asked.LISTS and "id" not in given:
            return xml.reply(asked.LISTS[asked_for], {"IsTruncated": False})
        asked.refuse_absent(request, given)
    if asked_for == "versioning":
        shown = object_store.look(request, lambda tx: buckets.versioning(tx, who, container))
        return xml.reply("VersioningConfiguration", shown)
    if "versions" in given:
        found = object_store.look(request, lambda tx: listing.versions(tx, who, container, given))
        return xml.reply("ListVersionsResult", found)
    if "uploads" in given:
        listed = object_store.look(request, lambda tx: uploads.list_uploads(tx, who, container, given))
        return xml.reply("ListMultipartUploadsResult", listed)
    return xml.reply(
        "ListBucketResult", object_store.look(request, lambda tx: listing.reply(tx, who, container, given))
    )


def _list(request: Request, where: Container, found: list[Grant]) -> Reply:
    names = people.names(request, found, object_store.project_of(where.account))
    return xml.reply("AccessControlPolicy", acls.shown(where, found, names))


@routes.options(BUCKET, policy=policy.public(), errors=(403,))
def ask_bucket(request: Request, container: str) -> Reply:
    return answers.preflight(request, container)


@routes.options(OBJECT, policy=policy.public(), errors=(403,))
def ask_object(request: Request, container: str, object: str) -> Reply:
    return answers.preflight(request, container)


@routes.head(BUCKET, policy=SIGNED, mode="live", query=QUERY, errors=(405, 501))
@answers.shared
def head_bucket(request: Request, container: str, query: queries.Params) -> Reply:
    given = Parameters(query)
    asked.check(request, given)
    asked.refuse_absent(request, given)
    object_store.look(request, lambda tx: buckets.opened(tx, request.who, container, listing=True))
    return Reply(raw=b"", headers={"x-amz-bucket-region": request.settings.region}, content_type=xml.KIND)


@routes.get(OBJECT, policy=SIGNED, mode="live", query=QUERY, reply=bytes, errors=(206, 304, 405, 409, 412, 416, 501))
@answers.shared
def get_object(request: Request, container: str, object: str, query: queries.Params) -> Reply:
    given, who = Parameters(query), request.who
    asked.check(request, given)
    if "uploadId" in given:
        parts = object_store.look(request, lambda tx: uploads.list_parts(tx, who, container, object, given))
        return xml.reply("ListPartsResult", parts)
    if "tagging" in given:
        shown, headers = object_store.look(
            request, lambda tx: tags.shown(tx, who, container, object, given.text("versionId"))
        )
        return xml.reply("Tagging", shown, headers=headers)
    if "acl" in given:
        id = given.text("versionId")
        return _list(request, *object_store.look(request, lambda tx: acls.of_object(tx, who, container, object, id)))
    if "attributes" in given:
        return attributes.reply(request, container, object, given)
    if any(name in given for name in asked.NEVER_SET):
        id = given.text("versionId")
        object_store.look(request, lambda tx: objects.found(tx, who, container, object, id, bytes_too=False))
    asked.refuse_absent(request, given)
    return downloads.get(request, container, object, given)


@routes.head(OBJECT, policy=SIGNED, mode="live", query=QUERY, errors=(206, 304, 405, 412, 416, 501))
@answers.shared
def head_object(request: Request, container: str, object: str, query: queries.Params) -> Reply:
    given = Parameters(query)
    asked.check(request, given)
    asked.refuse_absent(request, given)
    return downloads.head(request, container, object, given)
