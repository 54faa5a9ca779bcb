"""The parameters and headers of requests, and times."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from kumoi.kernel import clock, queries
from kumoi.kernel.http import Request
from kumoi.services.s3.errors import S3Error, absent, invalid

LIST = (
    "prefix", "delimiter", "marker", "max-keys", "encoding-type", "list-type", "continuation-token", "start-after",
    "fetch-owner", "key-marker", "upload-id-marker", "version-id-marker", "max-uploads", "max-buckets",
)  # fmt: skip
PARTS = ("uploadId", "partNumber", "part-number-marker", "max-parts")
REPLIES = {
    "response-content-type": "content-type", "response-content-language": "content-language",
    "response-expires": "expires", "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition", "response-content-encoding": "content-encoding",
}  # fmt: skip
"""Parameter → the header of the reply that it replaces."""
FIXED: dict[str, tuple[str, dict[str, str]]] = {
    "accelerate": ("AccelerateConfiguration", {}),
    "logging": ("BucketLoggingStatus", {}),
    "notification": ("NotificationConfiguration", {}),
    "requestPayment": ("RequestPaymentConfiguration", {"Payer": "BucketOwner"}),
}
"""Parameter of what is the same for every bucket → root and content of its document."""
LISTS = {
    "analytics": "ListBucketAnalyticsConfigurationsResult", "inventory": "ListInventoryConfigurationsResult",
    "intelligent-tiering": "ListBucketIntelligentTieringConfigurationsOutput",
    "metrics": "ListMetricsConfigurationsResult",
}  # fmt: skip
"""Parameter of what a bucket might have several of, and never has → root of the list."""
NEVER_SET = {
    "website": ("NoSuchWebsiteConfiguration", "The bucket has no website configuration."),
    "encryption": ("ServerSideEncryptionConfigurationNotFoundError", "The bucket has no encryption configuration."),
    "object-lock": ("ObjectLockConfigurationNotFoundError", "The bucket has no object lock configuration."),
    "replication": ("ReplicationConfigurationNotFoundError", "The bucket has no replication configuration."),
    "retention": ("NoSuchObjectLockConfiguration", "The object has no retention."),
    "legal-hold": ("NoSuchObjectLockConfiguration", "The object has no legal hold."),
}
"""Parameter of what cannot be set → the error of a GET."""
ABSENT = (
    *NEVER_SET, *FIXED, *LISTS, "abac", "metadataConfiguration", "metadataInventoryTable", "metadataJournalTable",
    "metadataTable", "renameObject", "restore", "select", "session", "torrent",
)  # fmt: skip
"""Parameters that ask for something that does not exist here."""
TAKEN = {
    ("GET", "bucket"): (
        "acl", "cors", "lifecycle", "location", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "tagging",
        "uploads", "versioning", "versions",
    ),
    ("PUT", "bucket"): (
        "acl", "cors", "lifecycle", "ownershipControls", "policy", "publicAccessBlock", "tagging", "versioning",
    ),
    ("DELETE", "bucket"): ("cors", "lifecycle", "ownershipControls", "policy", "publicAccessBlock", "tagging"),
    ("POST", "bucket"): ("delete",),
    ("GET", "object"): ("acl", "attributes", "tagging", "uploadId"),
    ("PUT", "object"): ("acl", "tagging", "uploadId"),
    ("DELETE", "object"): ("tagging", "uploadId"),
    ("POST", "object"): ("uploadId", "uploads"),
}  # fmt: skip
"""Method and kind of the resource → the parameters that make a request another operation."""
OPERATIONS = frozenset(name for names in (*TAKEN.values(), ABSENT) for name in names)
KNOWN = (
    "acl", "attributes", "cors", "delete", "id", "lifecycle", "location", "ownershipControls", "policy", "policyStatus",
    "publicAccessBlock", "tagging", "uploads", "versionId", "versioning", "versions",
)  # fmt: skip
QUERY = queries.texts(queries.optional("S3Query", dict.fromkeys((*LIST, *PARTS, *REPLIES, *KNOWN, *ABSENT), str)))
_REFUSED_HEADERS = (
    "x-amz-server-side-encryption", "x-amz-server-side-encryption-customer-algorithm", "x-amz-object-lock-mode",
    "x-amz-object-lock-legal-hold", "x-amz-object-lock-retain-until-date", "x-amz-bucket-object-lock-enabled",
    "x-amz-website-redirect-location", "x-amz-write-offset-bytes", "x-amz-mfa",
)  # fmt: skip


class Parameters(msgspec.Struct):
    """The parameters of one request."""

    given: queries.Params

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def text(self, name: str) -> str:
        return (self.given.get(name) or [""])[-1]

    def number(self, name: str, default: int, most: int, least: int = 0) -> int:
        """At most `most`. S3Error if it is no number."""
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) >= least):
            raise invalid(name, f"{text[:40]!r} is no number from {least} on.")
        return min(int(text), most)


def parameters(request: Request) -> Parameters:
    """Of a route in the streams process."""
    return Parameters(request.params)


def check(request: Request, given: Parameters) -> None:
    """S3Error for a parameter that names an operation which this method of this resource is not, so that no DELETE of a part
    of something becomes one of the whole. Operations that S3 has and this cloud has not are left to `refuse_absent`."""
    assert request.route is not None
    path = request.route.path
    kind = "object" if "{object" in path else "bucket" if path else "service"
    taken = TAKEN.get((request.route.method, kind), ())
    named = [name for name in given.given if name in OPERATIONS]
    if len(named) > 1:
        raise S3Error(400, "InvalidArgument", f"Conflicting query string parameters: {', '.join(named)}")
    for name in named:
        if name not in taken and name not in ABSENT:
            raise S3Error(
                405, "MethodNotAllowed",
                f"The specified method is not allowed against this resource: {request.route.method} of {kind} with ?{name}.",
            )  # fmt: skip
    if "partNumber" in given and request.route.method == "PUT" and "uploadId" not in given:
        raise invalid("partNumber", "it needs uploadId.")


def refuse_absent(request: Request, given: Parameters) -> None:
    """S3Error for what exists in S3 and not here."""
    reads = request.route is not None and request.route.method == "GET"
    for name in ABSENT:
        if name in given:
            if reads and name in NEVER_SET:
                code, message = NEVER_SET[name]
                raise S3Error(404, code, message)
            if reads and name in LISTS and "id" in given:
                raise S3Error(404, "NoSuchConfiguration", f"There is no configuration {given.text('id')[:100]!r}.")
            raise absent(f"?{name}")
    if (token := given.text("x-id")) and not token.isalpha():
        raise invalid("x-id", "it is no name of an operation.")


def refuse_headers(request: Request) -> None:
    """S3Error for headers of a write whose effect does not exist here."""
    for name in _REFUSED_HEADERS:
        if request.headers.get(name, "").lower() not in ("", "false", "off"):
            raise absent(f"The header {name}")
    if (kind := request.headers.get("x-amz-storage-class", "STANDARD")) != "STANDARD":
        raise S3Error(400, "InvalidStorageClass", f"x-amz-storage-class: there is no class {kind[:40]!r}.")


def seconds_of(text: str) -> int | None:
    """Of a time as a header or a document has it; None: it is none."""
    try:
        found = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text.strip())
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (TypeError, ValueError, OverflowError):
        return None


def time(instant: int) -> str:
    """As XML has it: with milliseconds."""
    return clock.iso_microseconds(instant, "")[:23] + "Z"


def time_of_entry(text: str) -> str:
    """The same, of an entry in a list."""
    return text[:23] + "Z"
