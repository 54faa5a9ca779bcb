"""Checks signatures of requests: version 4 in headers and in presigned URLs, version 2 in presigned URLs."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from kumoi.kernel import clock
from kumoi.kernel.http import Request
from kumoi.kernel.who import NOBODY, Who
from kumoi.services.identity import facade as identity
from kumoi.services.identity.facade import Signer, signing_key
from kumoi.services.s3 import asked, hosts
from kumoi.services.s3.errors import S3Error, denied, mismatch

ALGORITHM = "AWS4-HMAC-SHA256"
MOST_SKEW_SECONDS = 15 * 60
LONGEST_PRESIGNED_SECONDS = 7 * 24 * 3600
UNSIGNED = "UNSIGNED-PAYLOAD"
_TIME = "%Y%m%dT%H%M%SZ"
_PLAIN = "-._~"
"""Characters that stand for themselves in what is signed, besides letters and digits."""
_SUBRESOURCES = frozenset(
    {
        "accelerate", "acl", "analytics", "cors", "delete", "inventory", "lifecycle", "location", "logging", "metrics",
        "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type",
        "response-expires", "restore", "select", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
        "versions", "website",
    }
)  # fmt: skip
"""Parameters that signatures of version 2 cover."""
_MOVED = ("x-amz-", "content-md5", "content-type")


@dataclass(frozen=True)
class Proof:
    """What a signature says of the body. `payload`: its SHA-256, or how it is encoded."""

    payload: str
    at: str = ""
    scope: str = ""
    signature: str = ""
    key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class _Given:
    """A signature of version 4 as the request has it."""

    credential: str
    signed: list[str]
    signature: str
    at: str
    payload: str
    presigned: bool


def identify(request: Request) -> Who:
    """The user who signed the request; NOBODY if it is not signed. Stores a Proof in it."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith(ALGORITHM):
        return _version_4(request, _in_header(request, authorization))
    if authorization:
        raise S3Error(400, "InvalidRequest", f"Authorization: only {ALGORITHM} is accepted.")
    if "X-Amz-Algorithm" in request.params:
        return _version_4(request, _in_query(request))
    if "AWSAccessKeyId" in request.params:
        return _version_2(request)
    payload = request.headers.get("x-amz-content-sha256", UNSIGNED)
    if payload.startswith("STREAMING-AWS4-"):
        raise denied("The request is not signed.")
    request.proof = Proof(payload)
    return NOBODY


def _in_header(request: Request, authorization: str) -> _Given:
    parts = (part.partition("=") for part in authorization[len(ALGORITHM) :].split(","))
    fields = {name.strip(): value.strip() for name, _, value in parts}
    if not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
        raise S3Error(
            400, "AuthorizationHeaderMalformed", "Authorization: Credential, SignedHeaders and Signature are needed."
        )
    payload = request.headers.get("x-amz-content-sha256")
    if payload is None:
        raise S3Error(400, "InvalidRequest", "The header x-amz-content-sha256 is missing.")
    at = request.headers.get("x-amz-date", "")
    if not at:
        raise denied("The header x-amz-date is missing.")
    return _Given(fields["Credential"], fields["SignedHeaders"].split(";"), fields["Signature"], at, payload, False)


def _in_query(request: Request) -> _Given:
    def one(name: str) -> str:
        values = request.params.get(f"X-Amz-{name}", [])
        if len(values) != 1:
            raise _wrong_query(f"X-Amz-{name} is needed once.")
        return values[0]

    if one("Algorithm") != ALGORITHM:
        raise _wrong_query(f"X-Amz-Algorithm: only {ALGORITHM} is accepted.")
    given = _Given(
        one("Credential"), one("SignedHeaders").split(";"), one("Signature"), one("Date"),
        request.headers.get("x-amz-content-sha256", UNSIGNED), True,
    )  # fmt: skip
    expires = one("Expires")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 8 and int(expires) <= LONGEST_PRESIGNED_SECONDS):
        raise _wrong_query(f"X-Amz-Expires: it is a number of seconds up to {LONGEST_PRESIGNED_SECONDS}.")
    if _seconds(given.at) + int(expires) <= _now():
        raise denied("Request has expired")
    return given


def _wrong_query(problem: str) -> S3Error:
    return S3Error(400, "AuthorizationQueryParametersError", problem)


def _version_4(request: Request, given: _Given) -> Who:
    access, *scope = given.credential.split("/")
    if len(scope) != 4 or scope[2:] != ["s3", "aws4_request"] or scope[0] != given.at[:8]:
        raise S3Error(
            400, "AuthorizationHeaderMalformed",
            "The credential has the form key/date/region/s3/aws4_request, with the date of x-amz-date.",
        )  # fmt: skip
    ahead = _seconds(given.at) - _now()
    if ahead > MOST_SKEW_SECONDS or (not given.presigned and ahead < -MOST_SKEW_SECONDS):
        raise S3Error(
            403,
            "RequestTimeTooSkewed",
            f"The request's time {given.at} differs by more than 15 minutes from the server's.",
        )
    if "host" not in given.signed:
        raise denied("The header host must be signed.")
    if unsigned := sorted(name for name in request.headers if name.startswith("x-amz-") and name not in given.signed):
        raise denied(f"There were headers present in the request which were not signed: {', '.join(unsigned)[:300]}")
    signer = signer_of(request, access)
    key = signing_key(signer.secret, scope)
    before = (ALGORITHM, given.at, "/".join(scope))
    for path, behind_host in _forms(request):
        digest = hashlib.sha256(canonical(request, given, path, behind_host)).hexdigest()
        if same(_hex(key, "\n".join((*before, digest))), given.signature):
            break
    else:
        raise mismatch("The signature that was calculated does not match the signature of the request.")
    request.proof = Proof(given.payload, given.at, "/".join(scope), given.signature, key)
    return signer.who


def _forms(request: Request) -> list[tuple[bytes, str]]:
    """(path, what stands behind the host) as clients sign them."""
    prefix, host, path = request.service.prefix, request.headers.get("host", ""), request.sent_path
    if hosts.is_own(request.settings, host):
        return [(path.removeprefix(prefix.encode()), "")]
    if bucket := hosts.bucket_of(request.settings, host):
        return [(path.removeprefix(f"{prefix}/{bucket}".encode()), "")]
    # s3cmd signs the prefix at the end of the host instead of at the beginning of the path.
    return [(path, ""), (path.removeprefix(prefix.encode()), prefix)]


def signer_of(request: Request, access: str) -> Signer:
    found = identity.find_signer(request.database, request.keys, access)
    if found is None:
        raise S3Error(403, "InvalidAccessKeyId", "The access key does not exist, or may not be used.")
    return found


def canonical(request: Request, given: _Given, path: bytes, behind_host: str) -> bytes:
    """What is signed of a request."""
    pairs = [
        (quote(name, safe=_PLAIN), quote(value, safe=_PLAIN))
        for name, values in request.params.items()
        for value in values
        if not (given.presigned and name == "X-Amz-Signature")
    ]
    lines = [
        _method(request),
        quote(path, safe=f"/{_PLAIN}"),
        "&".join(f"{name}={value}" for name, value in sorted(pairs)),
        *(f"{name}:{_value(request.headers, name)}{behind_host if name == 'host' else ''}" for name in given.signed),
        "",
        ";".join(given.signed),
        given.payload,
    ]
    return "\n".join(lines).encode("latin-1")


def _method(request: Request) -> str:
    return request.route.method if request.route else ""


def _value(headers: Mapping[str, str], name: str) -> str:
    if name not in headers:
        why = " Names with an underscore are not accepted." if "_" in name else ""
        raise mismatch(f"The signed header {name[:100]} is missing.{why}")
    return " ".join(headers[name].split())


def _hex(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256").hex()


def chunk_signature(proof: Proof, kind: str, before: str, *digests: str) -> str:
    """Of a chunk or a trailer of a body that is signed in chunks; `before`: the preceding signature."""
    return _hex(proof.key, "\n".join((f"{ALGORITHM}-{kind}", proof.at, proof.scope, before, *digests)))


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "surrogateescape"))


def _version_2(request: Request) -> Who:
    """Of presigned URLs only."""
    names = ("AWSAccessKeyId", "Signature", "Expires")
    access, signature, expires = ((request.params.get(name) or [""])[-1] for name in names)
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
        raise denied("Expires: it is a time in seconds.")
    if int(expires) < _now():
        raise denied("Request has expired")
    # Whoever holds a URL may add what its signature does not cover.
    if added := sorted(request.params.keys() & asked.OPERATIONS - _SUBRESOURCES):
        raise denied(
            f"A signature of version 2 does not cover the parameter {added[0]}. Sign the request by version 4."
        )
    signer = signer_of(request, access)
    # Headers that a URL cannot have stand in its query.
    moved = {name.lower(): values[-1] for name, values in request.params.items() if name.lower().startswith(_MOVED)}
    headers = {**moved, **request.headers}
    amz = "".join(f"{name}:{_value(headers, name)}\n" for name in sorted(headers) if name.startswith("x-amz-"))
    covered = [
        f"{name}={value}" if value else name
        for name, values in sorted(request.params.items())
        if name in _SUBRESOURCES
        for value in values
    ]
    query = f"?{'&'.join(covered)}" if covered else ""
    before = (_method(request), headers.get("content-md5", ""), headers.get("content-type", ""), expires)
    # Clients differ in whether they sign the address at which the buckets are, and a slash behind the name of a bucket.
    paths = [request.sent_path.removeprefix(request.service.prefix.encode()), request.sent_path]
    if request.route and "{object" not in request.route.path:
        paths += [path + b"/" for path in paths if not path.endswith(b"/")]
    for path in paths:
        text = "\n".join((*before, f"{amz}{quote(path, safe=f'/{_PLAIN}')}{query}"))
        wanted = hmac.digest(signer.secret.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha1)
        if same(base64.b64encode(wanted).decode(), signature):
            break
    else:
        raise mismatch("The signature that was calculated does not match the signature of the request.")
    request.proof = Proof(UNSIGNED)
    return signer.who


def _now() -> int:
    return clock.now() // clock.SECOND


def _seconds(at: str) -> int:
    try:
        return int(datetime.strptime(at, _TIME).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise denied(f"x-amz-date: {at[:40]!r} is not of the form 20260131T235959Z.") from None
