"""Checksums of objects and parts, and what is known of the parts of an object."""

import base64
import zlib
from typing import Any

import anycrc
import pytest

from kumoi.services.s3 import checksums
from kumoi.services.s3.uploads import logic
from tests.services.s3.test_objects import refused

FEW, LARGE = b"123456789", bytes(range(256)) * 400
CHECKS = {"CRC32": "y/Q5Jg==", "CRC32C": "4waSgw==", "CRC64NVME": "rosUhgp5mIg="}
"""Of FEW, as the catalogue of CRCs has them."""


def said(name: str, data: bytes) -> dict[str, str]:
    """The argument of boto3, which has no code of its own for some checksums."""
    sums = checksums.Sums({}, [checksums.header_of(name)])
    sums.update(data)
    return {f"Checksum{name}": text for text in sums.check().values()}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logic, "SMALLEST_PART", 10)


@pytest.fixture
def where(s3: Any) -> dict[str, str]:
    s3.create_bucket(Bucket="sums")
    return {"Bucket": "sums", "Key": "k"}


@pytest.mark.parametrize("name", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_of_a_body(s3: Any, where: dict[str, str], name: str) -> None:
    field = f"Checksum{name}"
    for data in (FEW, LARGE):
        made = s3.put_object(**where, Body=data, **said(name, data))
        assert data is not FEW or name not in CHECKS or made[field] == CHECKS[name]
        assert field not in s3.head_object(**where)
        for call in (s3.head_object, s3.get_object):
            got = call(**where, ChecksumMode="ENABLED")
            assert got[field] == made[field] and got["ChecksumType"] == "FULL_OBJECT"
        found = s3.get_object_attributes(**where, ObjectAttributes=["Checksum", "ObjectSize", "ETag", "ObjectParts"])
        assert found["Checksum"] == {field: made[field], "ChecksumType": "FULL_OBJECT"}
        assert (found["ObjectSize"], found["ETag"]) == (
            len(data),
            made["ETag"].strip('"'),
        ) and "ObjectParts" not in found
        copied = s3.copy_object(Bucket="sums", Key="copy", CopySource=where)
        assert copied["CopyObjectResult"][field] == made[field]
        other = "CRC32" if name != "CRC32" else "CRC32C"
        copied = s3.copy_object(Bucket="sums", Key="copy", CopySource=where, ChecksumAlgorithm=other)
        assert field not in copied["CopyObjectResult"] and copied["CopyObjectResult"][f"Checksum{other}"]
    wrong = base64.b64encode(bytes(len(base64.b64decode(made[field])))).decode()
    assert refused(s3.put_object, **where, Body=b"other", **{field: wrong}) == ("BadDigest", 400)
    assert s3.get_object(**where)["Body"].read() == LARGE


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CRC32", "FULL_OBJECT"), ("CRC32", "COMPOSITE"), ("CRC32C", "FULL_OBJECT"), ("CRC64NVME", "FULL_OBJECT"),
        ("SHA256", "COMPOSITE"),
    ],
)  # fmt: skip
def test_of_parts(s3: Any, where: dict[str, str], name: str, kind: str) -> None:
    field, data = f"Checksum{name}", [LARGE, b"more than ten bytes", b"end"]
    begun = s3.create_multipart_upload(**where, ChecksumAlgorithm=name, ChecksumType=kind)
    assert (begun["ChecksumAlgorithm"], begun["ChecksumType"]) == (name, kind)
    upload = {**where, "UploadId": begun["UploadId"]}
    parts = []
    for number, each in enumerate(data, 1):
        # The second comes without a checksum: the server makes it.
        made = s3.upload_part(**upload, PartNumber=number, Body=each, **(said(name, each) if number != 2 else {}))
        parts.append({"PartNumber": number, "ETag": made["ETag"], field: made[field]})
    listed = s3.list_parts(**upload)
    assert [each[field] for each in listed["Parts"]] == [each[field] for each in parts]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (name, kind)
    (shown,) = s3.list_multipart_uploads(Bucket="sums")["Uploads"]
    assert (shown["ChecksumAlgorithm"], shown["ChecksumType"]) == (name, kind)
    done = {"MultipartUpload": {"Parts": parts}}
    digits = len(base64.b64decode(parts[0][field]))
    wrong = base64.b64encode(bytes(digits)).decode() + ("-3" if kind == "COMPOSITE" else "")
    assert refused(s3.complete_multipart_upload, **upload, **done, **{field: wrong}) == ("BadDigest", 400)
    made = s3.complete_multipart_upload(**upload, **done)
    whole = checksums.Sums({}, [checksums.header_of(name)])
    if kind == "FULL_OBJECT":
        whole.update(b"".join(data))
        assert [made[field]] == [*whole.check().values()]
    else:
        whole.update(b"".join(base64.b64decode(each[field]) for each in parts))
        assert [made[field]] == [f"{text}-3" for text in whole.check().values()]
    assert made["ChecksumType"] == kind
    got = s3.head_object(**where, ChecksumMode="ENABLED")
    assert got[field] == made[field] and got["ChecksumType"] == kind
    for call in (s3.get_object, s3.head_object):
        for number, each in enumerate(data, 1):
            got = call(**where, PartNumber=number, ChecksumMode="ENABLED")
            assert (got["PartsCount"], got["ContentLength"], got[field]) == (3, len(each), parts[number - 1][field])
            assert "Body" not in got or got["Body"].read() == each
    assert refused(s3.get_object, **where, PartNumber=4) == ("InvalidPart", 400)
    assert refused(s3.get_object, **where, PartNumber=1, Range="bytes=0-1") == ("InvalidRequest", 400)
    found = s3.get_object_attributes(
        **where, ObjectAttributes=["Checksum", "ObjectParts"], MaxParts=2, PartNumberMarker=1
    )
    shown = found["ObjectParts"]
    assert (shown["TotalPartsCount"], shown["IsTruncated"], found["Checksum"][field]) == (3, False, made[field])
    assert [(each["PartNumber"], each["Size"], each[field]) for each in shown["Parts"]] == [
        (number, len(data[number - 1]), parts[number - 1][field]) for number in (2, 3)
    ]
    copied = s3.copy_object(Bucket="sums", Key="copy", CopySource=where)["CopyObjectResult"]
    assert (field in copied) == (kind == "FULL_OBJECT")
    assert "ObjectParts" not in s3.get_object_attributes(Bucket="sums", Key="copy", ObjectAttributes=["ObjectParts"])


def test_wrong_ones_are_named(s3: Any, where: dict[str, str]) -> None:
    for name, kind in (("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        assert refused(s3.create_multipart_upload, **where, ChecksumAlgorithm=name, ChecksumType=kind) == (
            "InvalidArgument",
            400,
        )
    s3.put_object(**where, Body=FEW)
    assert s3.get_object(**where, PartNumber=1)["Body"].read() == FEW
    assert refused(s3.get_object, **where, PartNumber=2) == ("InvalidPart", 400)
    assert refused(s3.get_object_attributes, **where, ObjectAttributes=["Odd"]) == ("InvalidArgument", 400)


def test_cyclic_ones_are_joined_as_the_whole_would_be() -> None:
    for name, model in (("crc32", "CRC32"), ("crc32c", "CRC32-ISCSI"), ("crc64nvme", "CRC64-NVME")):
        header, calculate, size = f"x-amz-checksum-{name}", anycrc.Model(model).calc, 8 if "64" in name else 4

        def text(data: bytes, calculate: Any = calculate, size: int = size) -> str:
            return base64.b64encode(calculate(data).to_bytes(size, "big")).decode()

        pieces = [LARGE, b"", b"x", LARGE[:77]]
        parts = [(text(each), len(each)) for each in pieces]
        assert checksums.joined(header, "FULL_OBJECT", parts) == text(b"".join(pieces))
    assert zlib.crc32(LARGE) == anycrc.Model("CRC32").calc(LARGE)
