"""What answers say to pages of other origins, and the question before a request (preflight)."""

from kumoi.engines.objects.interface import Container, Reading
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply
from kumoi.kernel.who import NOBODY, Who
from kumoi.services.identity import facade as identity
from kumoi.services.object_store import facade as object_store
from kumoi.services.object_store.facade import crossing
from kumoi.services.s3 import xml
from kumoi.services.s3.errors import S3Error, denied


def _bucket(request: Request, name: str) -> Container | None:
    def work(tx: Reading) -> Container | None:
        return tx.container(*object_store.meant(tx, request.who, name))

    return object_store.look(request, work)


def _before(request: Request, name: str) -> dict[str, str]:
    """Headers for a page of another origin. Refuses a request that expects another owner of the bucket."""
    origin, owner = request.headers.get("origin"), request.headers.get("x-amz-expected-bucket-owner")
    if not origin and not owner:
        return {}
    where = _bucket(request, name)
    if where is None:
        return {}
    if owner and owner != object_store.project_of(where.account):
        raise denied()
    return _headers(request, where, origin) if origin else {}


def _headers(request: Request, where: Container, origin: str) -> dict[str, str]:
    assert request.route is not None
    method = request.headers.get("access-control-request-method") or request.route.method
    rule = crossing.rule_for(where.metadata, origin, method)
    return _allowed(rule, origin) if rule else {}


def _allowed(rule: crossing.Rule, origin: str) -> dict[str, str]:
    found = {
        "Access-Control-Allow-Origin": rule.origin(origin), "Access-Control-Allow-Methods": ", ".join(rule.methods),
        "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    }  # fmt: skip
    if "*" not in rule.origins:
        found["Access-Control-Allow-Credentials"] = "true"
    if rule.exposed:
        found["Access-Control-Expose-Headers"] = ", ".join(rule.exposed)
    if rule.max_age:
        found["Access-Control-Max-Age"] = rule.max_age
    return found


_sharing = crossing.Sharing(
    lambda request, path: _before(request, path["container"]),
    lambda reply, more: crossing.with_headers(reply, {**reply.headers, **more}),
)
shared, streamed = _sharing.shared, _sharing.streamed
"""Pages of the origins that the bucket allows may read the answers."""


def preflight(request: Request, bucket: str) -> Reply:
    """Whether a page may ask what it is about to ask. Nobody signs this question."""
    origin, method = (request.headers.get(name) for name in ("origin", "access-control-request-method"))
    if not origin or not method:
        raise S3Error(
            400, "BadRequest", "Insufficient information. Origin and Access-Control-Request-Method are needed."
        )
    request.who = _asker(request)
    where = _bucket(request, bucket)
    wanted = request.headers.get("access-control-request-headers", "")
    rule = crossing.rule_for(where.metadata, origin, method, wanted.split(",")) if where else None
    if rule is None:
        raise S3Error(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")
    more = {"Access-Control-Allow-Headers": wanted} if wanted else {}
    return Reply(raw=b"", headers={**_allowed(rule, origin), **more}, content_type=xml.KIND)


def _asker(request: Request) -> Who:
    """Whose key a presigned URL names, so that the bucket is found. The signature is not checked: it is for another
    method, and no right comes of it."""
    named = request.params.get("X-Amz-Credential") or request.params.get("AWSAccessKeyId") or [""]
    found = identity.find_signer(request.database, request.keys, named[-1].partition("/")[0])
    return found.who if found else NOBODY
