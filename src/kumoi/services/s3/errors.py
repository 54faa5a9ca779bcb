"""S3's error shape: a small XML document with a code."""

from xml.sax.saxutils import escape

from kumoi.kernel import log
from kumoi.kernel.errors import ApiError, Other

ROOT = "/s3"
"""Paths below it use this error shape, also for errors of the front."""
_CODES = {
    400: "InvalidRequest", 401: "AccessDenied", 403: "AccessDenied", 404: "NoSuchKey", 405: "MethodNotAllowed",
    408: "RequestTimeout", 409: "OperationAborted", 411: "MissingContentLength", 412: "PreconditionFailed",
    413: "EntityTooLarge", 414: "InvalidURI", 416: "InvalidRange", 422: "InvalidRequest", 429: "SlowDown",
    431: "RequestHeaderSectionTooLarge", 501: "NotImplemented", 503: "ServiceUnavailable", 507: "InsufficientCapacity",
}  # fmt: skip
"""Status → the code of an error that has none of its own."""


class S3Error(Other):
    """An error with a code of its own."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, message, headers=headers)
        self.code = code


def denied(message: str = "Access Denied") -> S3Error:
    return S3Error(403, "AccessDenied", message)


def mismatch(message: str) -> S3Error:
    return S3Error(403, "SignatureDoesNotMatch", message)


def no_bucket(name: str) -> S3Error:
    return S3Error(404, "NoSuchBucket", f"The bucket {name} does not exist.")


def no_key(name: str) -> S3Error:
    return S3Error(404, "NoSuchKey", f"The key {name} does not exist.")


def no_version(id: str) -> S3Error:
    return S3Error(404, "NoSuchVersion", f"The version {id[:100]} does not exist.")


def no_upload(id: str) -> S3Error:
    return S3Error(404, "NoSuchUpload", f"The upload {id} does not exist. It may have been completed or aborted.")


def invalid(name: str, problem: str) -> S3Error:
    return S3Error(400, "InvalidArgument", f"{name}: {problem}")


def malformed(problem: str) -> S3Error:
    return S3Error(400, "MalformedXML", f"The XML of the body is not valid: {problem}")


def absent(what: str) -> S3Error:
    return S3Error(501, "NotImplemented", f"{what} is not implemented.")


def code_of(error: ApiError) -> str:
    return error.code if isinstance(error, S3Error) else _CODES.get(error.status, "InternalError")


def render(error: ApiError) -> str:
    fields = {"Code": code_of(error), "Message": error.message, "RequestId": log.request_id.get()}
    inner = "".join(f"<{name}>{escape(_printable(text))}</{name}>" for name, text in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'


def _printable(text: str) -> str:
    """Without characters that XML does not have."""
    return "".join(
        each if each in "\t\n" or (each >= " " and each not in "\ufffe\uffff") else "\ufffd" for each in text
    )


def headers(request_id: str) -> dict[str, str]:
    return {"x-amz-request-id": request_id}
