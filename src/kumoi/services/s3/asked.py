"""The parameters and headers of requests, and times."""

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
NEVER_SET = {
    "policy": ("NoSuchBucketPolicy", "The bucket has no policy."),
    "cors": ("NoSuchCORSConfiguration", "The bucket has no CORS configuration."),
    "lifecycle": ("NoSuchLifecycleConfiguration", "The bucket has no lifecycle configuration."),
    "website": ("NoSuchWebsiteConfiguration", "The bucket has no website configuration."),
    "encryption": ("ServerSideEncryptionConfigurationNotFoundError", "The bucket has no encryption configuration."),
    "object-lock": ("ObjectLockConfigurationNotFoundError", "The bucket has no object lock configuration."),
    "replication": ("ReplicationConfigurationNotFoundError", "The bucket has no replication configuration."),
    "ownershipControls": ("OwnershipControlsNotFoundError", "The bucket has no ownership controls."),
    "publicAccessBlock": ("NoSuchPublicAccessBlockConfiguration", "The bucket has no public access block."),
    "retention": ("NoSuchObjectLockConfiguration", "The object has no retention."),
    "legal-hold": ("NoSuchObjectLockConfiguration", "The object has no legal hold."),
    "tagging": ("NoSuchTagSet", "There are no tags."),
}
"""Parameter of what cannot be set → the error of a GET."""
ABSENT = (
    *NEVER_SET, "accelerate", "analytics", "attributes", "intelligent-tiering", "inventory", "logging", "metrics",
    "notification", "policyStatus", "renameObject", "requestPayment", "restore", "select", "session", "torrent",
)  # fmt: skip
"""Parameters that ask for something that does not exist here."""
KNOWN = ("acl", "delete", "location", "uploads", "versionId", "versioning", "versions")
QUERY = queries.texts(queries.optional("S3Query", dict.fromkeys((*LIST, *PARTS, *REPLIES, *KNOWN, *ABSENT), str)))
_REFUSED_HEADERS = (
    "x-amz-server-side-encryption", "x-amz-server-side-encryption-customer-algorithm", "x-amz-object-lock-mode",
    "x-amz-object-lock-legal-hold", "x-amz-object-lock-retain-until-date", "x-amz-bucket-object-lock-enabled",
    "x-amz-website-redirect-location", "x-amz-grant-read", "x-amz-grant-write", "x-amz-grant-read-acp",
    "x-amz-grant-write-acp", "x-amz-grant-full-control", "x-amz-write-offset-bytes",
    "x-amz-mfa",
)  # fmt: skip
_PRIVATE = ("private", "bucket-owner-full-control", "bucket-owner-read")


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


def refuse_absent(request: Request, given: Parameters) -> None:
    """S3Error for what exists in S3 and not here."""
    for name in ABSENT:
        if name in given:
            if request.route and request.route.method == "GET" and name in NEVER_SET:
                code, message = NEVER_SET[name]
                raise S3Error(404, code, message)
            raise absent(f"?{name}")
    if (token := given.text("x-id")) and not token.isalpha():
        raise invalid("x-id", "it is no name of an operation.")


def refuse_headers(request: Request) -> None:
    """S3Error for headers of a write whose effect does not exist here."""
    for name in _REFUSED_HEADERS:
        if request.headers.get(name, "").lower() not in ("", "false", "off"):
            raise absent(f"The header {name}")
    if (acl := request.headers.get("x-amz-acl", "private")) not in _PRIVATE:
        raise absent(f"x-amz-acl: {acl[:40]}")
    if (kind := request.headers.get("x-amz-storage-class", "STANDARD")) != "STANDARD":
        raise S3Error(400, "InvalidStorageClass", f"x-amz-storage-class: there is no class {kind[:40]!r}.")


def time(instant: int) -> str:
    """As XML has it: with milliseconds."""
    return clock.iso_microseconds(instant, "")[:23] + "Z"


def time_of_entry(text: str) -> str:
    """The same, of an entry in a list."""
    return text[:23] + "Z"
