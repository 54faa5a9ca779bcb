"""Odd parameters, headers and bodies get an error of S3, never a fault, and change nothing that they do not name."""

from collections import Counter
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from kumoi.kernel.http import Request
from kumoi.kernel.who import Who
from kumoi.services.s3 import asked, service
from kumoi.services.s3.requests import api, streams
from kumoi.services.s3.signatures import UNSIGNED, Proof
from tests.cloud import ROLES

REQUESTS = 600
PARAMETERS = (*asked.LIST, *asked.PARTS, *asked.REPLIES, *asked.KNOWN, *asked.ABSENT, "x-id", "unknown")
VALUES = (
    "", "0", "1", "2", "-1", "1e3", "٣", "99999", "99999999999999999999", "true", "url", "ü/ +%", "\x01\x7f", "a" * 3000,
    "a/b", "=?utf-8?q?x?=", '"', "YQ==", "/both/few", "both/few?versionId=1", "bytes=0-1", "bytes=5-", "bytes=x", "*",
    "\U0010ffff",
)  # fmt: skip
HEADERS = (
    "range", "if-match", "if-none-match", "if-modified-since", "if-range", "content-md5", "content-encoding", "content-type",
    "x-amz-copy-source", "x-amz-copy-source-range", "x-amz-copy-source-if-match", "x-amz-metadata-directive", "x-amz-meta-a",
    "x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-odd", "x-amz-checksum-mode", "x-amz-trailer",
    "x-amz-decoded-content-length", "x-amz-acl", "x-amz-storage-class", "x-amz-tagging", "x-amz-mp-object-size", "expires",
)  # fmt: skip
PAYLOADS = (
    UNSIGNED,
    "0" * 64,
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-ODD",
    "",
)
BODIES = (
    b"", b"x", b"<Delete><Object><Key>\xc3\xbc</Key></Object></Delete>", b"<Delete><Object/></Delete>", b"<Delete>",
    b"\xff\xfe", b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
    b"1\r\nx\r\n0\r\n\r\n",
)  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_a_fault(
    cloud: Any, s3: Any, keys: dict[str, Any], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, statuses = Random(seed), Counter[int]()
    s3.create_bucket(Bucket="both")
    s3.put_object(Bucket="both", Key="few", Body=b"few")
    s3.put_object(Bucket="both", Key="many", Body=b"m" * 100_000)
    upload = s3.create_multipart_upload(Bucket="both", Key="up")["UploadId"]
    who = Who(keys["user_id"], "demo", project_id=keys["tenant_id"], project_name="demo", roles=ROLES["member"])

    def identify(request: Request) -> Who:
        request.proof = Proof(chance.choice(PAYLOADS), "20260101T000000Z", "s", "0" * 64, b"key")
        return who

    was = service.SERVICE.identify
    object.__setattr__(service.SERVICE, "identify", identify)
    try:
        for _ in range(REQUESTS):
            route = chance.choice([*api.routes.all, *streams.routes.all])
            bucket = chance.choice(["both", "both", "both", "none", "both+segments", quote("ü"), "a" * 300])
            key = quote(chance.choice(["few", "many", "up", "new", "a/", "\x01", "ü" * 600, "..", "a//b"]))
            path = "/s3" + route.path.replace("{container}", bucket).replace("{object:path}", key)
            given = {chance.choice(PARAMETERS): chance.choice(VALUES) for _ in range(chance.choice((0, 0, 1, 1, 2, 4)))}
            if chance.random() < 0.2:
                given |= {"uploadId": upload}
            headers = {
                chance.choice(HEADERS): chance.choice(VALUES)
                .encode()
                .decode("latin-1")
                .replace("\x7f", "")
                .replace("\x01", "")
                for _ in range(chance.choice((0, 1, 2, 3)))
            }
            url = f"http://cloud.test{path}?{urlencode(given)}"
            body = chance.choice(BODIES) if route.method in ("PUT", "POST") else b""
            status, answered, content = cloud.send(route.method, url, headers, body)
            statuses[status] += 1
            assert status < 500 or status == 501, (route.method, url, headers, body, content)
            if status >= 400 and route.method != "HEAD":
                assert answered["content-type"] == "application/xml" and b"<Error><Code>" in content, (url, content)
    finally:
        object.__setattr__(service.SERVICE, "identify", was)
    assert statuses[200] > 20 and statuses[400] > 20 and statuses[501] > 5
    assert cloud.audit() == []
