"""Forms of web pages, whose policy boto3 signs."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from tests.services.s3.test_access import nobody

LARGE = bytes(range(256)) * 400


def send(cloud: Any, fields: dict[str, Any], data: bytes = b"data", name: str = "page.txt") -> tuple[int, Any, bytes]:
    """As a browser does."""
    files = [(key, (None, value)) for key, value in fields.items()] + [("file", (name, data))]
    made = requests.Request("POST", "http://cloud.test/s3/forms", files=files).prepare()
    assert isinstance(made.body, bytes)
    found: tuple[int, Any, bytes] = cloud.send("POST", made.url, {**made.headers}, made.body)
    return found


def code(answer: tuple[int, Any, bytes]) -> tuple[int, str]:
    return answer[0], answer[2].decode().partition("<Code>")[2].partition("<")[0]


@pytest.fixture
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket="forms")
    return "forms"


def test_a_signed_form(cloud: Any, s3: Any, bucket: str) -> None:
    conditions: list[Any] = [
        ["content-length-range", 2, 200_000], {"acl": "public-read"}, ["starts-with", "$Content-Type", "text/"],
        {"x-amz-meta-colour": "blü"}, ["starts-with", "$success_action_status", ""],
    ]  # fmt: skip
    more = {"acl": "public-read", "Content-Type": "text/x", "x-amz-meta-colour": "blü", "success_action_status": "201"}
    made = s3.generate_presigned_post(bucket, "up/${filename}", Fields=dict(more), Conditions=[*conditions])
    for data in (b"few", LARGE):
        status, headers, raw = send(cloud, made["fields"], data, "C:/ü.txt")
        assert status == 201 and b"<Key>up/\xc3\xbc.txt</Key>" in raw
        got = s3.get_object(Bucket=bucket, Key="up/ü.txt")
        assert got["Body"].read() == data and got["ContentType"] == "text/x" and headers["etag"] == got["ETag"]
        assert nobody(cloud, "GET", "forms/up/%C3%BC.txt") == 200
    fields = made["fields"]
    for change, expected in (
        ({"acl": "private"}, (403, "AccessDenied")), ({"Content-Type": "image/x"}, (403, "AccessDenied")),
        ({"x-amz-meta-more": "1"}, (403, "AccessDenied")), ({"x-amz-signature": "0" * 64}, (403, "SignatureDoesNotMatch")),
        ({"policy": base64.b64encode(b"{}").decode()}, (403, "SignatureDoesNotMatch")),
        ({"key": ""}, (400, "InvalidArgument")),
        ({"key": "elsewhere"}, (403, "AccessDenied")), ({"x-amz-algorithm": "odd"}, (400, "InvalidArgument")),
    ):  # fmt: skip
        assert code(send(cloud, {**fields, **change})) == expected, change
    assert code(send(cloud, fields, b"x")) == (400, "EntityTooSmall")
    assert code(send(cloud, fields, bytes(200_001))) == (400, "EntityTooLarge")
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["up/ü.txt"]
    assert send(cloud, {**fields, "x-ignore-this": "1", "success_action_status": "odd"})[0] == 204
    assert cloud.audit() == []


def test_older_signatures_and_policies(cloud: Any, s3: Any, bucket: str, keys: dict[str, Any]) -> None:
    def form(document: Any, **more: str) -> dict[str, str]:
        policy = base64.b64encode(document if isinstance(document, bytes) else json.dumps(document).encode())
        digest = hmac.digest(keys["secret"].encode(), policy, hashlib.sha1)
        signed = {
            "AWSAccessKeyId": keys["access"],
            "policy": policy.decode(),
            "signature": base64.b64encode(digest).decode(),
        }
        return {"key": "k", **signed, **more}

    conditions = [{"bucket": bucket}, {"key": "k"}, ["starts-with", "$success_action_redirect", "http"]]
    whole = {"expiration": "2100-01-01T00:00:00Z", "conditions": conditions}
    status, headers, _ = send(cloud, form(whole, success_action_redirect="http://a.example/?a=b"))
    etag = hashlib.md5(b"data").hexdigest()
    named = {**form(whole, success_action_redirect="http://a.example/"), "key": "${filename}"}
    assert send(cloud, named, name="a/k")[0] == 303 and code(send(cloud, named, name="l")) == (403, "AccessDenied")
    assert (status, headers["location"]) == (303, f"http://a.example/?a=b&bucket=forms&key=k&etag=%22{etag}%22")
    for change, expected in (
        ({"expiration": "2020-01-01T00:00:00Z"}, (403, "AccessDenied")), ({"expiration": 1}, (400, "InvalidPolicyDocument")),
        ({"expiration": "2100-01-01 00:00:00Z"}, (400, "InvalidPolicyDocument")),
        ({"conditions": []}, (400, "InvalidPolicyDocument")), ({"conditions": [{}]}, (400, "InvalidPolicyDocument")),
        ({"conditions": [["content-length-range", 1]]}, (400, "InvalidPolicyDocument")),
        ({"conditions": [["content-length-range", "0", "9" * 5000]]}, (400, "InvalidPolicyDocument")),
        ({"conditions": [["content-length-range", True, 9]]}, (400, "InvalidPolicyDocument")),
        ({"conditions": [{"bucket": "other"}]}, (403, "AccessDenied")), ({"conditions": 1}, (400, "InvalidPolicyDocument")),
    ):  # fmt: skip
        assert code(send(cloud, form({**whole, **change}))) == expected, change
    assert code(send(cloud, form(b"[" * 20_000))) == (400, "InvalidPolicyDocument")
    assert code(send(cloud, {**form(whole), "signature": ""})) == (400, "InvalidArgument")
    assert code(send(cloud, {**form(whole), "AWSAccessKeyId": "none"})) == (403, "InvalidAccessKeyId")


def test_forms_without_a_policy_need_a_bucket_that_is_open(cloud: Any, s3: Any, bucket: str) -> None:
    assert code(send(cloud, {"key": "k"})) == (403, "AccessDenied")
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    assert send(cloud, {"key": "k"})[0] == 204
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"data"
    kind = {"Content-Type": "multipart/form-data; boundary=a"}
    for body in (
        b"",
        b"--a\r\n",
        b"--a--\r\n",
        b'--a\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--a--\r\n',
    ):
        assert cloud.send("POST", "http://cloud.test/s3/forms", dict(kind), body)[0] == 400


def test_a_form_makes_no_header_that_cannot_be_sent(cloud: Any, s3: Any, bucket: str) -> None:
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    kind = {"Content-Type": "multipart/form-data; boundary=a"}
    for name in ("x-amz-meta-a\nset-cookie", "x-amz-meta-a: b", "x-amz-meta-a b", "x-amz-meta-ü", "x-amz-meta-"):
        fields = [("key", "k", ""), (name, "v", ""), ("file", "data", '; filename="f"')]
        body = "".join(
            f'--a\r\nContent-Disposition: form-data; name="{each}"{more}\r\n\r\n{value}\r\n'
            for each, value, more in fields
        )
        answer = cloud.send("POST", "http://cloud.test/s3/forms", dict(kind), f"{body}--a--\r\n".encode())
        assert code(answer) == (400, "MalformedPOSTRequest"), name
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
