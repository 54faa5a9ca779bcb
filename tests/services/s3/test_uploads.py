"""Multipart uploads."""

import hashlib
from typing import Any

import pytest

from kumoi.engines.objects.interface import ObjectStore
from kumoi.kernel import clock
from kumoi.services.s3.uploads import logic
from tests.services.object_store.sending import ask
from tests.services.s3.test_objects import refused

DATA = bytes(range(256)) * 200


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logic, "SMALLEST_PART", 10)


@pytest.fixture
def where(s3: Any) -> dict[str, str]:
    s3.create_bucket(Bucket="parts")
    return {"Bucket": "parts", "Key": "ü/one"}


def begin(s3: Any, where: dict[str, str], **more: Any) -> dict[str, str]:
    return {**where, "UploadId": s3.create_multipart_upload(**where, **more)["UploadId"]}


def send(s3: Any, upload: dict[str, str], number: int, data: bytes) -> dict[str, Any]:
    return {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=data)["ETag"]}


def joined(*parts: bytes) -> str:
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"'


def test_a_life(cloud: Any, s3: Any, where: dict[str, str]) -> None:
    upload = begin(s3, where, Metadata={"m": "1"}, ContentType="text/x", ChecksumAlgorithm="CRC32")
    assert [each["Key"] for each in s3.list_multipart_uploads(Bucket="parts")["Uploads"]] == ["ü/one"]
    three = send(s3, upload, 3, b"end")
    send(s3, upload, 1, b"other bytes")
    one, two = send(s3, upload, 1, DATA), send(s3, upload, 2, b"few bytes, but enough")
    listed = s3.list_parts(**upload)
    assert [(each["PartNumber"], each["Size"]) for each in listed["Parts"]] == [(1, len(DATA)), (2, 21), (3, 3)]
    pages = s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 1})
    assert [each["PartNumber"] for page in pages for each in page["Parts"]] == [1, 2, 3]
    assert "Contents" not in s3.list_objects_v2(Bucket="parts")
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["parts"]

    def complete(*parts: Any) -> tuple[str, int]:
        return refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": list(parts)})

    assert complete(two, one) == ("InvalidPartOrder", 400)
    assert complete(one, {**two, "ETag": '"0"'}) == ("InvalidPart", 400)
    assert complete(one, {**two, "PartNumber": 9}) == ("InvalidPart", 400)
    assert complete(one, three, {**two, "PartNumber": 4}) == ("InvalidPart", 400)
    made = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [one, two, three]})
    data = DATA + b"few bytes, but enough" + b"end"
    assert made["ETag"] == joined(DATA, b"few bytes, but enough", b"end")
    got = s3.get_object(**where)
    assert got["Body"].read() == data and got["ETag"] == made["ETag"]
    assert got["Metadata"] == {"m": "1"} and got["ContentType"] == "text/x"
    assert s3.list_objects_v2(Bucket="parts")["Contents"][0]["ETag"] == made["ETag"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="parts")
    again = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [one, two, three]})
    assert again["ETag"] == made["ETag"]
    s3.put_object(**where, Body=b"later")
    assert complete(one, two, three) == ("NoSuchUpload", 404)
    cloud.engines[ObjectStore].tidy()
    assert cloud.audit() == []


def test_small_parts_and_lost_uploads(s3: Any, where: dict[str, str]) -> None:
    upload = begin(s3, where)
    parts = [send(s3, upload, 1, b"small"), send(s3, upload, 2, b"rest")]
    done = {"MultipartUpload": {"Parts": parts}}
    assert refused(s3.complete_multipart_upload, **upload, **done) == ("EntityTooSmall", 400)
    assert refused(s3.upload_part, **upload, PartNumber=10_001, Body=b"x") == ("InvalidArgument", 400)
    s3.abort_multipart_upload(**upload)
    assert refused(s3.abort_multipart_upload, **upload) == ("NoSuchUpload", 404)
    assert refused(s3.upload_part, **upload, PartNumber=1, Body=DATA * 2) == ("NoSuchUpload", 404)
    assert refused(s3.upload_part, **{**upload, "UploadId": "\x01/.."}, PartNumber=1, Body=b"")[0] == "NoSuchUpload"
    assert refused(s3.complete_multipart_upload, **upload, **done) == ("NoSuchUpload", 404)
    begin(s3, where)
    s3.delete_bucket(Bucket="parts")


def test_parts_are_copied(s3: Any, where: dict[str, str]) -> None:
    for source in (DATA, b"a small source"):
        s3.put_object(Bucket="parts", Key="source", Body=source)
        upload = begin(s3, where)
        copied = {"CopySource": {"Bucket": "parts", "Key": "source"}, "PartNumber": 1}
        one = s3.upload_part_copy(**upload, **copied, CopySourceRange="bytes=2-12")["CopyPartResult"]
        two = s3.upload_part_copy(**upload, **{**copied, "PartNumber": 2})["CopyPartResult"]
        parts = [{"PartNumber": 1, "ETag": one["ETag"]}, {"PartNumber": 2, "ETag": two["ETag"]}]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        assert s3.get_object(**where)["Body"].read() == source[2:13] + source
    assert refused(s3.upload_part_copy, **begin(s3, where), **copied, CopySourceRange="bytes=x")[0] == "InvalidArgument"


def test_abandoned_uploads_expire(cloud: Any, s3: Any, keys: dict[str, Any], where: dict[str, str]) -> None:
    upload = begin(s3, where)
    send(s3, upload, 1, DATA)
    store = cloud.engines[ObjectStore]
    until = clock.now() // clock.SECOND + logic.LASTS_SECONDS
    assert len(store.read(lambda tx: tx.expired(until, 10))) == 2
    assert store.read(lambda tx: tx.expired(until - 60, 10)) == []


def test_bytes_of_parts_count_once(cloud: Any, s3: Any, keys: dict[str, Any], where: dict[str, str]) -> None:
    path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}", cloud.log_in("admin")
    quota = {"X-Account-Meta-Quota-Bytes": str(len(DATA) + 10)}
    assert ask(cloud, "POST", path, token, headers=quota).status == 204
    upload = begin(s3, where)
    part = send(s3, upload, 1, DATA)
    assert refused(s3.upload_part, **upload, PartNumber=2, Body=DATA) == ("EntityTooLarge", 413)
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    assert s3.get_object(**where)["Body"].read() == DATA


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<a/>", b"<CompleteMultipartUpload/>", b"<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
        b'<!DOCTYPE x [<!ENTITY e "1">]><CompleteMultipartUpload><Part><PartNumber>&e;</PartNumber><ETag>e</ETag></Part>'
        b"</CompleteMultipartUpload>",
        b"<CompleteMultipartUpload>" + b"<a>" * 100 + b"</a>" * 100 + b"</CompleteMultipartUpload>", b"\xff\xfe<",
    ],
)  # fmt: skip
def test_malformed_xml(cloud: Any, s3: Any, where: dict[str, str], body: bytes) -> None:
    upload = begin(s3, where)
    url = s3.generate_presigned_url("complete_multipart_upload", Params=upload)
    status, _, content = cloud.send("POST", url, {}, body)
    assert status == 400 and b"<Code>MalformedXML</Code>" in content


def test_begun_uploads_count(cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any]) -> None:
    account = f"/object-store/v1/AUTH_{keys['tenant_id']}"
    most = {"X-Account-Quota-Count": "2"}
    assert ask(cloud, "POST", account, cloud.log_in("admin"), headers=most).status == 204
    begin(s3, where)
    upload = begin(s3, where)
    assert refused(s3.create_multipart_upload, **where) == ("EntityTooLarge", 413)
    s3.abort_multipart_upload(**upload)
    begin(s3, where)


@pytest.mark.parametrize("door", ["s3", "swift"])
def test_unfinished_uploads_go_with_their_bucket(
    cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any], door: str
) -> None:
    account, token = f"/object-store/v1/AUTH_{keys['tenant_id']}", cloud.log_in("demo")
    s3.put_bucket_acl(Bucket="parts", ACL="public-read-write")
    send(s3, begin(s3, where), 1, DATA)
    assert ask(cloud, "HEAD", f"{account}/parts+segments", token).headers["x-container-object-count"] == "2"
    if door == "s3":
        s3.delete_bucket(Bucket="parts")
    else:
        assert ask(cloud, "DELETE", f"{account}/parts", token).status == 204
    assert ask(cloud, "GET", account, token).text == ""
    assert ask(cloud, "HEAD", account, token).headers["x-account-bytes-used"] == "0"
    cloud.sweep()
    assert cloud.audit() == []


@pytest.mark.parametrize("door", ["s3", "swift"])
def test_what_is_beside_a_bucket_is_closed_when_it_goes(
    cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any], door: str
) -> None:
    """Also if it holds what is no upload, which stays."""
    account, token = f"/object-store/v1/AUTH_{keys['tenant_id']}", cloud.log_in("demo")
    s3.put_bucket_acl(Bucket="parts", ACL="public-read-write")
    begin(s3, where)
    assert ask(cloud, "PUT", f"{account}/parts+segments/mine", token, body=b"mine").status == 201
    assert ask(cloud, "PUT", f"{account}/parts+segments/theirs", None, body=b"theirs").status == 201
    if door == "s3":
        s3.delete_bucket(Bucket="parts")
    else:
        assert ask(cloud, "DELETE", f"{account}/parts", token).status == 204
    assert ask(cloud, "GET", f"{account}/parts+segments", token).text == "mine\ntheirs\n"
    assert ask(cloud, "PUT", f"{account}/parts+segments/junk", None, body=b"junk").status == 401
    assert ask(cloud, "DELETE", f"{account}/parts+segments/mine", None).status == 401
