"""Versions of objects, by boto3."""

from functools import partial
from typing import Any

import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.services.object_store.sending import ask
from tests.services.s3.test_objects import refused
from tests.waits import at_once

LARGE = bytes(range(256)) * 400


def switch(s3: Any, status: str, bucket: str = "kept") -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


@pytest.fixture
def kept(s3: Any) -> Any:
    """A client with a bucket that keeps versions."""
    s3.create_bucket(Bucket="kept")
    switch(s3, "Enabled")
    return s3


def put(s3: Any, body: bytes, key: str = "k", **more: Any) -> str:
    return str(s3.put_object(Bucket="kept", Key=key, Body=body, **more).get("VersionId", "null"))


def read(s3: Any, key: str = "k", **more: Any) -> bytes:
    data: bytes = s3.get_object(Bucket="kept", Key=key, **more)["Body"].read()
    return data


def shown(s3: Any, **more: Any) -> list[tuple[str, str, int, bool]]:
    """(key, version, size or -1 for a delete marker, whether it is the latest); the newest of a key first."""
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket="kept", **more):
        found += [(v["Key"], v["VersionId"], v["Size"], v["IsLatest"]) for v in page.get("Versions", [])]
        found += [(m["Key"], m["VersionId"], -1, m["IsLatest"]) for m in page.get("DeleteMarkers", [])]
    return found


def test_configuration(s3: Any) -> None:
    s3.create_bucket(Bucket="kept")
    assert "Status" not in s3.get_bucket_versioning(Bucket="kept")
    for status in ("Suspended", "Enabled", "Suspended"):
        switch(s3, status)
        assert s3.get_bucket_versioning(Bucket="kept")["Status"] == status
    for bad in ({"Status": "Off"}, {}):
        assert refused(s3.put_bucket_versioning, Bucket="kept", VersioningConfiguration=bad) == ("MalformedXML", 400)
    mfa = {"Status": "Enabled", "MFADelete": "Enabled"}
    assert refused(s3.put_bucket_versioning, Bucket="kept", VersioningConfiguration=mfa) == ("NotImplemented", 501)
    assert refused(s3.delete_object, Bucket="kept", Key="k", MFA="1 2") == ("NotImplemented", 501)
    on = {"Status": "Enabled"}
    assert refused(s3.put_bucket_versioning, Bucket="none", VersioningConfiguration=on) == ("NoSuchBucket", 404)


def test_old_versions_stay(cloud: Any, kept: Any) -> None:
    first = put(kept, LARGE, Metadata={"n": "1"})
    second = put(kept, b"few")
    assert kept.get_object(Bucket="kept", Key="k")["VersionId"] == second
    got = kept.get_object(Bucket="kept", Key="k", VersionId=first)
    assert got["Body"].read() == LARGE and got["VersionId"] == first and got["Metadata"] == {"n": "1"}
    head = kept.head_object(Bucket="kept", Key="k", VersionId=first)
    assert (head["ContentLength"], head["VersionId"]) == (len(LARGE), first)
    assert shown(kept) == [("k", second, 3, True), ("k", first, len(LARGE), False)]
    assert refused(kept.get_object, Bucket="kept", Key="k", VersionId="odd") == ("InvalidArgument", 400)
    unknown = {"Bucket": "kept", "Key": "k", "VersionId": "0000000001.00000"}
    assert refused(kept.get_object, **unknown) == ("NoSuchVersion", 404)
    assert refused(kept.get_object, **{**unknown, "VersionId": "null"}) == ("NoSuchVersion", 404)
    assert refused(kept.delete_bucket, Bucket="kept") == ("BucketNotEmpty", 409)
    url = kept.generate_presigned_url("get_object", Params={"Bucket": "kept", "Key": "k", "VersionId": first})
    assert cloud.send("GET", url, {})[2] == LARGE
    assert cloud.audit() == []


def test_deletions_and_what_comes_back(cloud: Any, kept: Any) -> None:
    ids = [put(kept, b"x" * size) for size in (1, 2, 3)]
    gone = kept.delete_object(Bucket="kept", Key="k")
    marker = gone["VersionId"]
    assert gone["DeleteMarker"] is True
    for method in (kept.get_object, kept.head_object):
        with pytest.raises(kept.exceptions.ClientError) as missing:
            method(Bucket="kept", Key="k")
        headers = missing.value.response["ResponseMetadata"]["HTTPHeaders"]
        assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
        assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", marker)
        with pytest.raises(kept.exceptions.ClientError) as named:
            method(Bucket="kept", Key="k", VersionId=marker)
        headers = named.value.response["ResponseMetadata"]["HTTPHeaders"]
        assert named.value.response["ResponseMetadata"]["HTTPStatusCode"] == 405
        assert (headers["x-amz-delete-marker"], headers["allow"]) == ("true", "DELETE")
    assert "Contents" not in kept.list_objects_v2(Bucket="kept")
    assert sorted(shown(kept))[-1] == ("k", marker, -1, True)
    removed = kept.delete_object(Bucket="kept", Key="k", VersionId=marker)
    assert (removed["DeleteMarker"], removed["VersionId"]) == (True, marker) and read(kept) == b"xxx"
    removed = kept.delete_object(Bucket="kept", Key="k", VersionId=ids[2])
    assert "DeleteMarker" not in removed and read(kept) == b"xx"
    kept.delete_object(Bucket="kept", Key="k", VersionId=ids[0])
    assert read(kept) == b"xx" and shown(kept) == [("k", ids[1], 2, True)]
    again = kept.delete_object(Bucket="kept", Key="k", VersionId=ids[0])
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 204
    first, second = (kept.delete_object(Bucket="kept", Key="k")["VersionId"] for _ in range(2))
    kept.delete_object(Bucket="kept", Key="k", VersionId=second)
    assert refused(kept.get_object, Bucket="kept", Key="k") == ("NoSuchKey", 404)
    kept.delete_object(Bucket="kept", Key="k", VersionId=first)
    assert read(kept) == b"xx"
    kept.delete_object(Bucket="kept", Key="k", VersionId=ids[1])
    assert shown(kept) == []
    kept.delete_bucket(Bucket="kept")
    assert cloud.audit() == []


def test_null_versions(cloud: Any, s3: Any) -> None:
    s3.create_bucket(Bucket="kept")
    put(s3, b"before")
    assert "VersionId" not in s3.get_object(Bucket="kept", Key="k") and read(s3, VersionId="null") == b"before"
    assert shown(s3) == [("k", "null", 6, True)]
    switch(s3, "Enabled")
    second = put(s3, b"22")
    assert shown(s3) == [("k", second, 2, True), ("k", "null", 6, False)]
    switch(s3, "Suspended")
    put(s3, LARGE)
    put(s3, b"333")
    assert shown(s3) == [("k", "null", 3, True), ("k", second, 2, False)]
    assert s3.get_object(Bucket="kept", Key="k")["VersionId"] == "null"
    gone = s3.delete_object(Bucket="kept", Key="k")
    assert (gone["DeleteMarker"], gone["VersionId"]) == (True, "null")
    assert shown(s3) == [("k", second, 2, False), ("k", "null", -1, True)]
    s3.delete_object(Bucket="kept", Key="k")
    assert len(shown(s3)) == 2
    s3.delete_object(Bucket="kept", Key="k", VersionId="null")
    assert read(s3) == b"22" and shown(s3) == [("k", second, 2, True)]
    assert cloud.audit() == []


def test_lists_of_versions(kept: Any) -> None:
    ids = {name: [put(kept, b"x" * size, name) for size in (1, 2, 3)] for name in ("a/1", "a/2", "b", "d\t1", "ü")}
    kept.delete_object(Bucket="kept", Key="b")
    whole = kept.list_object_versions(Bucket="kept")
    assert [v["VersionId"] for v in whole["Versions"]] == [id for name in ids for id in reversed(ids[name])]
    assert whole["Versions"][0]["Owner"]["ID"] and whole["Versions"][0]["ETag"].startswith('"')
    for size in (1, 2, 5):
        pages = [
            *kept.get_paginator("list_object_versions").paginate(Bucket="kept", PaginationConfig={"PageSize": size})
        ]
        assert [v["VersionId"] for page in pages for v in page.get("Versions", [])] == [
            v["VersionId"] for v in whole["Versions"]
        ]
        assert sum(len(page.get("DeleteMarkers", [])) for page in pages) == 1
        pages = [
            *kept.get_paginator("list_object_versions").paginate(
                Bucket="kept", Delimiter="/", PaginationConfig={"PageSize": size}
            )
        ]  # fmt: skip
        assert [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", [])] == ["a/"]
        assert len([v for page in pages for v in page.get("Versions", [])]) == 9
    assert {v["Key"] for v in kept.list_object_versions(Bucket="kept", Prefix="a/")["Versions"]} == {"a/1", "a/2"}
    after = kept.list_object_versions(Bucket="kept", KeyMarker="b", VersionIdMarker=ids["b"][1])
    assert after["Versions"][0]["VersionId"] == ids["b"][0]
    assert kept.list_object_versions(Bucket="kept", KeyMarker="d\t1")["Versions"][0]["Key"] == "ü"
    assert refused(kept.list_object_versions, Bucket="kept", VersionIdMarker="null") == ("InvalidArgument", 400)
    odd = {"KeyMarker": "b", "VersionIdMarker": "odd"}
    assert refused(kept.list_object_versions, Bucket="kept", **odd) == ("InvalidArgument", 400)


def test_copies_of_versions(kept: Any) -> None:
    first = put(kept, LARGE, Metadata={"n": "1"})
    second = put(kept, b"few")
    source = {"Bucket": "kept", "Key": "k", "VersionId": first}
    made = kept.copy_object(Bucket="kept", Key="k", CopySource=source)
    assert made["CopySourceVersionId"] == first and made["VersionId"] > second
    got = kept.get_object(Bucket="kept", Key="k")
    assert got["Body"].read() == LARGE and got["Metadata"] == {"n": "1"} and got["VersionId"] == made["VersionId"]
    marker = kept.delete_object(Bucket="kept", Key="k")["VersionId"]
    assert refused(kept.copy_object, Bucket="kept", Key="l", CopySource={**source, "VersionId": marker})[1] == 405
    assert refused(kept.copy_object, Bucket="kept", Key="l", CopySource={**source, "VersionId": "odd"})[1] == 400
    upload = kept.create_multipart_upload(Bucket="kept", Key="m")["UploadId"]
    part = {"Bucket": "kept", "Key": "m", "UploadId": upload, "PartNumber": 1}
    copied = kept.upload_part_copy(**part, CopySource=source)
    assert copied["CopySourceVersionId"] == first
    parts = [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]
    done = kept.complete_multipart_upload(Bucket="kept", Key="m", UploadId=upload, MultipartUpload={"Parts": parts})
    assert done["VersionId"] == kept.head_object(Bucket="kept", Key="m")["VersionId"] and read(kept, "m") == LARGE


def test_tags_of_versions(kept: Any) -> None:
    first, second = put(kept, b"1", Tagging="a=1"), put(kept, LARGE, Tagging="a=2")
    where = {"Bucket": "kept", "Key": "k"}

    def tags(**more: Any) -> tuple[str, dict[str, str]]:
        found = kept.get_object_tagging(**where, **more)
        return found["VersionId"], {each["Key"]: each["Value"] for each in found["TagSet"]}

    assert tags() == (second, {"a": "2"}) and tags(VersionId=first) == (first, {"a": "1"})
    new = {"TagSet": [{"Key": "b", "Value": "3"}]}
    assert kept.put_object_tagging(**where, VersionId=first, Tagging=new)["VersionId"] == first
    assert tags() == (second, {"a": "2"}) and tags(VersionId=first) == (first, {"b": "3"})
    assert read(kept, VersionId=first) == b"1" and read(kept) == LARGE
    kept.delete_object_tagging(**where, VersionId=first)
    assert tags(VersionId=first) == (first, {})
    assert [each[1:] for each in shown(kept)] == [(second, len(LARGE), True), (first, 1, False)]
    marker = kept.delete_object(**where)["VersionId"]
    assert refused(kept.get_object_tagging, **where, VersionId=marker)[1] == 405


def test_many_deletions(cloud: Any, kept: Any) -> None:
    first, second = put(kept, b"1"), put(kept, b"22")
    objects = [
        {"Key": "k"},
        {"Key": "k"},
        {"Key": "none"},
        {"Key": "k", "VersionId": first},
        {"Key": "k", "VersionId": "odd"},
    ]
    done = kept.delete_objects(Bucket="kept", Delete={"Objects": objects})
    markers = [each["DeleteMarkerVersionId"] for each in done["Deleted"][:3]]
    assert (
        len(set(markers)) >= 2 and markers[0] < markers[1] and all(each["DeleteMarker"] for each in done["Deleted"][:3])
    )
    assert done["Deleted"][3] == {"Key": "k", "VersionId": first}
    assert [(each["VersionId"], each["Code"]) for each in done["Errors"]] == [("odd", "InvalidArgument")]
    assert [(v["VersionId"], v["IsLatest"]) for v in kept.list_object_versions(Bucket="kept")["Versions"]] == [
        (second, False)
    ]
    everything = [{"Key": key, "VersionId": version} for key, version, *_ in shown(kept)]
    done = kept.delete_objects(Bucket="kept", Delete={"Objects": everything})
    assert len(done["Deleted"]) == 4 and sum("DeleteMarker" in each for each in done["Deleted"]) == 3
    kept.delete_bucket(Bucket="kept")
    assert cloud.audit() == []


def test_both_doors_show_the_same_versions(cloud: Any, kept: Any, keys: dict[str, Any]) -> None:
    first, second = put(kept, b"1"), put(kept, b"22")
    path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}/kept", cloud.log_in("demo")
    listed = ask(cloud, "GET", f"{path}?versions", token).json
    assert [(each["version_id"], each["is_latest"]) for each in listed] == [(second, True), (first, False)]
    assert ask(cloud, "PUT", f"{path}/k?version-id={first}", token).status == 201
    assert read(kept) == b"1" and shown(kept) == [("k", second, 2, False), ("k", first, 1, True)]
    marker = ask(cloud, "DELETE", f"{path}/k", token).headers["x-object-version-id"]
    kept.delete_object(Bucket="kept", Key="k", VersionId=marker)
    assert read(kept) == b"22"
    assert ask(cloud, "HEAD", path, token).headers["x-versions-enabled"] == "True"
    kept.create_bucket(Bucket="other")
    ask(cloud, "POST", f"{path[:-4]}other", token, headers={"X-Versions-Location": "kept"})
    on = {"Status": "Enabled"}
    assert refused(kept.put_bucket_versioning, Bucket="other", VersioningConfiguration=on) == (
        "InvalidBucketState",
        409,
    )


def test_what_expires_leaves_a_delete_marker(cloud: Any, kept: Any, keys: dict[str, Any]) -> None:
    with clock.using(VirtualClock(clock.now())):
        first = put(kept, LARGE)
        path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}/kept/k", cloud.log_in("demo")
        ask(cloud, "POST", path, token, headers={"X-Delete-After": "10"})
        clock.sleep(11)
        cloud.sweep()
        assert shown(kept)[0][1:] == (first, len(LARGE), False)
        kept.delete_object(Bucket="kept", Key="k", VersionId=shown(kept)[1][1])
        assert read(kept) == LARGE


def test_racing_deletions_of_versions(cloud: Any, kept: Any) -> None:
    """Whichever versions go first, the newest that is left is the current object."""
    ids = [put(kept, b"x" * size) for size in range(1, 9)]
    kept.delete_object(Bucket="kept", Key="k")
    gone = [*ids[3:], shown(kept)[-1][1]]
    at_once([partial(kept.delete_object, Bucket="kept", Key="k", VersionId=id) for id in gone])
    assert [each[1] for each in shown(kept)] == ids[2::-1] and read(kept) == b"xxx"
    assert cloud.audit() == []
