"""Checks signatures of AWS's protocols that other services got and ask identity about (`ec2tokens`, `s3tokens`)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from kumoi.kernel import clock
from kumoi.services.identity.credentials.schemas import Ec2Signed, S3Signed

ALGORITHM = "AWS4-HMAC-SHA256"
MOST_SKEW_SECONDS = 15 * 60
_PLAIN = "-._~"


def signing_key(secret: str, scope: list[str]) -> bytes:
    """Of version 4. `scope`: date, region, service, `aws4_request`."""
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def is_ec2(secret: str, given: Ec2Signed) -> bool:
    """Whether the request was signed with the secret a moment ago, by version 2 or 4."""
    if given.params.get("SignatureVersion") == "2":
        return _is_recent(given.params.get("Timestamp", "")) and _is_version_2(secret, given)
    return _is_version_4(secret, given)


def is_s3(secret: str, given: S3Signed) -> bool:
    """Whether the text was signed with the secret, by version 1, or by version 4 a moment ago."""
    try:
        text = base64.urlsafe_b64decode(given.token.encode())
    except (ValueError, binascii.Error):
        return False
    lines = text.decode("utf-8", "replace").split("\n")
    if lines[0] != ALGORITHM:
        return _same(base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha1)).decode(), given.signature)
    scope = lines[2].split("/") if len(lines) == 4 else []
    if len(scope) != 4 or not _is_recent(lines[1]):
        return False
    return _same(hmac.digest(signing_key(secret, scope), text, "sha256").hex(), given.signature)


def _is_version_2(secret: str, given: Ec2Signed) -> bool:
    digest = {"HmacSHA256": "sha256", "HmacSHA1": "sha1"}.get(given.params.get("SignatureMethod", ""))
    if digest is None:
        return False
    text = "\n".join((given.verb, given.host.lower(), given.path, _query(given.params, "Signature")))
    return _same(base64.b64encode(hmac.digest(secret.encode(), text.encode(), digest)).decode(), given.signature)


def _is_version_4(secret: str, given: Ec2Signed) -> bool:
    headers = {name.lower(): value for name, value in given.headers.items()}
    parts = headers.get("authorization", "").removeprefix(ALGORITHM).split(",")
    said = {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in parts)}
    at = given.params.get("X-Amz-Date") or headers.get("x-amz-date", "")
    scope = (given.params.get("X-Amz-Credential") or said.get("Credential", "")).split("/")[1:]
    signed = (given.params.get("X-Amz-SignedHeaders") or said.get("SignedHeaders", "")).split(";")
    if len(scope) != 4 or not _is_recent(at):
        return False
    lines = [f"{name}:{given.host if name == 'host' else ' '.join(headers.get(name, '').split())}" for name in signed]
    query = _query(given.params, "X-Amz-Signature")
    request = "\n".join((given.verb, given.path, query, *lines, "", ";".join(signed), given.body_hash))
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join((ALGORITHM, at, "/".join(scope), digest))
    return _same(hmac.digest(signing_key(secret, scope), text.encode(), "sha256").hex(), given.signature)


def _query(params: Mapping[str, str], leave: str) -> str:
    pairs = ((quote(name, safe=_PLAIN), quote(value, safe=_PLAIN)) for name, value in params.items() if name != leave)
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _is_recent(text: str) -> bool:
    for form in ("%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"):
        try:
            seconds = datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
        return abs(seconds - clock.now() / clock.SECOND) <= MOST_SKEW_SECONDS
    return False


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
