"""Buckets and objects, as boto3 sees them."""

import hashlib
from typing import Any

import pytest

from tests.services.object_store.sending import ask

LARGE = bytes(range(256)) * 400


def code(error: Any) -> tuple[str, int]:
    found = error.value.response
    return found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"]


def refused(call: Any, **arguments: Any) -> tuple[str, int]:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as error:
        call(**arguments)
    return code(error)


def test_a_life(cloud: Any, s3: Any) -> None:
    s3.create_bucket(Bucket="first", CreateBucketConfiguration={"LocationConstraint": "here"})
    assert refused(s3.create_bucket, Bucket="first") == ("BucketAlreadyOwnedByYou", 409)
    assert refused(s3.create_bucket, Bucket="First") == ("InvalidBucketName", 400)
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["first"]
    assert s3.get_bucket_location(Bucket="first")["LocationConstraint"] == cloud.settings.region
    s3.head_bucket(Bucket="first")
    for key, data in {"few": b"few", "a/none": b"", "ü/ 100%+&": LARGE}.items():
        made = s3.put_object(
            Bucket="first",
            Key=key,
            Body=data,
            Metadata={"colour": "blue"},
            ContentType="text/x",
            CacheControl="no-store",
        )
        assert made["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
        got = s3.get_object(Bucket="first", Key=key)
        assert got["Body"].read() == data
        assert got["Metadata"] == {"colour": "blue"} and got["ContentType"] == "text/x"
        assert got["CacheControl"] == "no-store" and got["ETag"] == made["ETag"]
        head = s3.head_object(Bucket="first", Key=key)
        assert head["ContentLength"] == len(data) and head["LastModified"] == got["LastModified"]
    assert refused(s3.delete_bucket, Bucket="first") == ("BucketNotEmpty", 409)
    listed = s3.list_objects_v2(Bucket="first")
    assert [each["Key"] for each in listed["Contents"]] == ["a/none", "few", "ü/ 100%+&"]
    done = s3.delete_objects(
        Bucket="first", Delete={"Objects": [{"Key": key} for key in ("a/none", "few", "absent", "ü/ 100%+&")]}
    )
    assert len(done["Deleted"]) == 4 and "Errors" not in done
    assert refused(s3.get_object, Bucket="first", Key="few") == ("NoSuchKey", 404)
    s3.delete_object(Bucket="first", Key="few")
    s3.delete_bucket(Bucket="first")
    assert refused(s3.list_objects_v2, Bucket="first") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket="first", Key="x", Body=b"x") == ("NoSuchBucket", 404)
    assert cloud.audit() == []


def test_both_doors_show_the_same(cloud: Any, s3: Any, keys: dict[str, Any]) -> None:
    account = f"/object-store/v1/AUTH_{keys['tenant_id']}"
    token = cloud.log_in("demo")
    s3.create_bucket(Bucket="both")
    s3.put_object(Bucket="both", Key="by-s3", Body=b"one", Metadata={"colour": "blue"})
    got = ask(cloud, "GET", f"{account}/both/by-s3", token)
    assert got.content == b"one" and got.headers["x-object-meta-colour"] == "blue"
    assert not any("sysmeta" in name or "amz" in name for name in got.headers)
    headers = {"X-Object-Meta-Size": "small", "Content-Type": "text/y"}
    assert ask(cloud, "PUT", f"{account}/both/by-swift", token, body=b"two", headers=headers).status == 201
    found = s3.get_object(Bucket="both", Key="by-swift")
    assert (
        found["Body"].read() == b"two" and found["Metadata"] == {"size": "small"} and found["ContentType"] == "text/y"
    )
    assert [each["name"] for each in ask(cloud, "GET", f"{account}/both?format=json", token).json] == [
        "by-s3",
        "by-swift",
    ]


def test_large_objects_of_swift_are_whole(cloud: Any, s3: Any, keys: dict[str, Any]) -> None:
    account, token = f"/object-store/v1/AUTH_{keys['tenant_id']}", cloud.log_in("demo")
    s3.create_bucket(Bucket="large")
    for name, data in {"1": LARGE, "2": b"end"}.items():
        s3.put_object(Bucket="large", Key=name, Body=data)
    manifest = b'[{"path": "/large/1"}, {"path": "/large/2"}]'
    path = f"{account}/large/whole?multipart-manifest=put"
    assert ask(cloud, "PUT", path, token, body=manifest).status == 201
    got = s3.get_object(Bucket="large", Key="whole")
    assert got["Body"].read() == LARGE + b"end"
    assert s3.head_object(Bucket="large", Key="whole")["ContentLength"] == len(LARGE) + 3
    part = s3.get_object(Bucket="large", Key="whole", Range=f"bytes={len(LARGE) - 1}-{len(LARGE)}")
    assert part["Body"].read() == LARGE[-1:] + b"e"
    listed = {each["Key"]: each for each in s3.list_objects_v2(Bucket="large")["Contents"]}
    assert (listed["whole"]["Size"], listed["whole"]["ETag"]) == (len(LARGE) + 3, got["ETag"])
    s3.copy_object(Bucket="large", Key="copy", CopySource={"Bucket": "large", "Key": "whole"})
    s3.delete_objects(Bucket="large", Delete={"Objects": [{"Key": "1"}, {"Key": "2"}]})
    assert s3.get_object(Bucket="large", Key="copy")["Body"].read() == LARGE + b"end"


def test_ranges_and_conditions(s3: Any) -> None:
    s3.create_bucket(Bucket="parts")
    for key, data in {"few": LARGE[:1000], "many": LARGE}.items():
        etag = s3.put_object(Bucket="parts", Key=key, Body=data)["ETag"]
        if key == "few":  # the front cuts files
            part = s3.get_object(Bucket="parts", Key=key, Range="bytes=5-9")
            assert part["Body"].read() == data[5:10] and part["ContentRange"] == f"bytes 5-9/{len(data)}"
            assert refused(s3.get_object, Bucket="parts", Key=key, Range="bytes=1000000-") == ("InvalidRange", 416)
        assert s3.get_object(Bucket="parts", Key=key, IfMatch=etag)["Body"].read() == data
        assert refused(s3.get_object, Bucket="parts", Key=key, IfMatch='"0"') == ("PreconditionFailed", 412)
        assert refused(s3.get_object, Bucket="parts", Key=key, IfNoneMatch=etag)[1] == 304
        assert refused(s3.put_object, Bucket="parts", Key=key, Body=b"x", IfNoneMatch="*") == (
            "PreconditionFailed",
            412,
        )
        assert refused(s3.put_object, Bucket="parts", Key=key, Body=b"x", IfMatch='"0"') == ("PreconditionFailed", 412)
        s3.put_object(Bucket="parts", Key=key, Body=b"new", IfMatch=etag)


def test_wrong_bodies_leave_the_old_object(s3: Any) -> None:
    s3.create_bucket(Bucket="sums")
    s3.put_object(Bucket="sums", Key="one", Body=b"old", ChecksumAlgorithm="SHA256")
    head = s3.head_object(Bucket="sums", Key="one", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"]
    wrong = {
        "ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA==",
        "ChecksumCRC32": "AAAAAA==",
        "ChecksumSHA1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    }
    for name, value in wrong.items():
        assert refused(s3.put_object, Bucket="sums", Key="one", Body=b"new", **{name: value}) == ("BadDigest", 400), (
            name
        )
    assert refused(s3.put_object, Bucket="sums", Key="one", Body=b"new", ContentMD5="x") == ("InvalidDigest", 400)
    assert refused(s3.put_object, Bucket="sums", Key="k" * 1025, Body=b"")[0] == "KeyTooLongError"
    assert refused(s3.put_object, Bucket="sums", Key="m", Body=b"", Metadata={"m": "x" * 2048})[0] == "MetadataTooLarge"
    for name in ("ContentType", "CacheControl"):
        assert refused(s3.put_object, Bucket="sums", Key="m", Body=b"", **{name: "x" * 8193}) == (
            "InvalidArgument",
            400,
        ), name
    assert s3.get_object(Bucket="sums", Key="one")["Body"].read() == b"old"


def test_copies(s3: Any) -> None:
    s3.create_bucket(Bucket="copies")
    for data in (b"few", LARGE):
        s3.put_object(Bucket="copies", Key="a b", Body=data, Metadata={"m": "1"}, ContentType="text/x")
        source = {"Bucket": "copies", "Key": "a b"}
        made = s3.copy_object(Bucket="copies", Key="c", CopySource=source)["CopyObjectResult"]
        got = s3.get_object(Bucket="copies", Key="c")
        assert got["Body"].read() == data and got["Metadata"] == {"m": "1"} and got["ETag"] == made["ETag"]
        assert refused(s3.copy_object, Bucket="copies", Key="a b", CopySource=source) == ("InvalidRequest", 400)
        new = {"MetadataDirective": "REPLACE", "Metadata": {"n": "2"}}
        s3.copy_object(Bucket="copies", Key="a b", CopySource=source, **new)
        again = s3.get_object(Bucket="copies", Key="a b")
        assert again["Metadata"] == {"n": "2"} and again["Body"].read() == data
    stale = {"CopySource": source, "CopySourceIfMatch": '"0"'}
    assert refused(s3.copy_object, Bucket="copies", Key="d", **stale) == ("PreconditionFailed", 412)
    lost = {"CopySource": {"Bucket": "copies", "Key": "absent"}}
    assert refused(s3.copy_object, Bucket="copies", Key="d", **lost) == ("NoSuchKey", 404)


def test_lists(s3: Any) -> None:
    s3.create_bucket(Bucket="lists")
    keys = ["a/1", "a/2", "b", "c/1", "d\t1", "ü"]
    for key in keys:
        s3.put_object(Bucket="lists", Key=key, Body=b"x")
    for size in (1, 2, 100):
        for name in ("list_objects", "list_objects_v2"):
            pages = s3.get_paginator(name).paginate(Bucket="lists", PaginationConfig={"PageSize": size})
            assert [each["Key"] for page in pages for each in page["Contents"]] == keys
            pages = s3.get_paginator(name).paginate(
                Bucket="lists", Delimiter="/", PaginationConfig={"PageSize": size}
            )  # fmt: skip
            found = [
                each.get("Key", each.get("Prefix"))
                for page in pages
                for each in [*page.get("Contents", []), *page.get("CommonPrefixes", [])]
            ]
            assert sorted(found) == ["a/", "b", "c/", "d\t1", "ü"]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="lists", Prefix="a/")["Contents"]] == keys[:2]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="lists", StartAfter="b")["Contents"]] == keys[3:]
    assert "Contents" not in s3.list_objects_v2(Bucket="lists", MaxKeys=0)
    with_owner = s3.list_objects_v2(Bucket="lists", FetchOwner=True, MaxKeys=1)["Contents"][0]
    assert with_owner["Owner"]["ID"] and with_owner["Size"] == 1 and with_owner["ETag"].startswith('"')
    assert refused(s3.list_objects_v2, Bucket="lists", ContinuationToken="?") == ("InvalidArgument", 400)


def test_what_is_absent_says_so(s3: Any) -> None:
    s3.create_bucket(Bucket="absent")
    s3.put_object(Bucket="absent", Key="k", Body=b"x")
    assert refused(s3.get_bucket_tagging, Bucket="absent") == ("NoSuchTagSet", 404)
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket="absent") == ("NoSuchLifecycleConfiguration", 404)
    assert "Status" not in s3.get_bucket_versioning(Bucket="absent")
    assert s3.get_bucket_acl(Bucket="absent")["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert s3.get_object_acl(Bucket="absent", Key="k")["Owner"]["ID"]


def test_tags(s3: Any) -> None:
    s3.create_bucket(Bucket="tags")
    where = {"Bucket": "tags", "Key": "k"}

    def tags(**more: Any) -> dict[str, str]:
        return {each["Key"]: each["Value"] for each in s3.get_object_tagging(**{**where, **more})["TagSet"]}

    for data in (b"few", LARGE):
        s3.put_object(**where, Body=data, Tagging="a=b&c=%C3%BC")
        assert tags() == {"a": "b", "c": "ü"} and s3.get_object(**where)["TagCount"] == 2
        before = s3.head_object(**where)["LastModified"]
        s3.put_object_tagging(**where, Tagging={"TagSet": [{"Key": "d &", "Value": ""}]})
        assert tags() == {"d &": ""} and s3.head_object(**where)["LastModified"] == before
        s3.copy_object(Bucket="tags", Key="copy", CopySource=where)
        assert tags(Key="copy") == {"d &": ""}
        s3.copy_object(Bucket="tags", Key="copy", CopySource=where, TaggingDirective="REPLACE", Tagging="e=f")
        assert tags(Key="copy") == {"e": "f"}
        s3.copy_object(Bucket="tags", Key="copy", CopySource=where, TaggingDirective="REPLACE")
        assert tags(Key="copy") == {}
        s3.delete_object_tagging(**where)
        assert tags() == {} and "TagCount" not in s3.get_object(**where)
        assert s3.get_object(**where)["Body"].read() == data
    many = {"TagSet": [{"Key": str(number), "Value": ""} for number in range(11)]}
    assert refused(s3.put_object_tagging, **where, Tagging=many) == ("BadRequest", 400)
    twice = {"TagSet": [{"Key": "a", "Value": ""}, {"Key": "a", "Value": ""}]}
    assert refused(s3.put_object_tagging, **where, Tagging=twice) == ("InvalidTag", 400)
    assert refused(s3.put_object, **where, Body=b"", Tagging="a=%ff") == ("InvalidArgument", 400)
    assert refused(s3.get_object_tagging, Bucket="tags", Key="absent") == ("NoSuchKey", 404)


def test_a_reader_only_reads_and_others_see_nothing(cloud: Any, s3: Any) -> None:
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="k", Body=b"x")
    admin = cloud.client(cloud.ec2("admin"))
    assert refused(admin.get_object, Bucket="mine", Key="k")[1] == 404  # another project's bucket of this name
    admin.create_bucket(Bucket="mine")
    assert [each["Name"] for each in admin.list_buckets()["Buckets"]] == ["mine"]
    assert "Contents" not in admin.list_objects_v2(Bucket="mine")


def test_quotas_hold(cloud: Any, s3: Any, keys: dict[str, Any]) -> None:
    s3.create_bucket(Bucket="quota")
    path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}/quota", cloud.log_in("demo")
    assert ask(cloud, "POST", path, token, headers={"X-Container-Meta-Quota-Bytes": "3"}).status == 204
    assert refused(s3.put_object, Bucket="quota", Key="k", Body=b"four") == ("EntityTooLarge", 413)
    s3.put_object(Bucket="quota", Key="k", Body=b"3 b")


def test_a_deletion_may_have_conditions(s3: Any) -> None:
    where = {"Bucket": "terms", "Key": "k"}
    s3.create_bucket(Bucket="terms")
    s3.put_bucket_versioning(Bucket="terms", VersioningConfiguration={"Status": "Enabled"})
    old, new = (s3.put_object(**where, Body=text) for text in (b"one", b"other"))
    failed = ("PreconditionFailed", 412)
    assert refused(s3.delete_object, **where, IfMatch=old["ETag"]) == failed
    assert refused(s3.delete_object, **where, IfMatchSize=3) == failed
    assert refused(s3.delete_object, **where, VersionId=old["VersionId"], IfMatch=new["ETag"]) == failed
    wrong = [
        {"Key": "k", "ETag": old["ETag"]},
        {"Key": "k", "Size": 3},
        {"Key": "k", "VersionId": old["VersionId"], "Size": 5},
    ]
    done = s3.delete_objects(Bucket="terms", Delete={"Objects": wrong})
    assert [each["Code"] for each in done["Errors"]] == ["PreconditionFailed"] * 3 and "Deleted" not in done
    at = s3.head_object(**where)["LastModified"]
    s3.delete_object(**where, VersionId=old["VersionId"], IfMatch=old["ETag"], IfMatchSize=3)
    done = s3.delete_objects(
        Bucket="terms", Delete={"Objects": [{"Key": "k", "ETag": new["ETag"], "Size": 5, "LastModifiedTime": at}]}
    )
    assert done["Deleted"][0]["DeleteMarker"] and "Errors" not in done
    s3.delete_object(**where, IfMatch="gone")  # what is not there fulfils every condition
