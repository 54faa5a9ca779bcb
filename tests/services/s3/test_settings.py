"""Settings of buckets: CORS, lifecycles, tags, and what can only be read."""

from typing import Any

import pytest

from kumoi.kernel import clock
from kumoi.kernel.clock import VirtualClock
from tests.services.object_store.sending import ask
from tests.services.s3.test_objects import refused

LARGE = bytes(100_000)
DAY = 24 * 3600
HERE = "http://a.example"
URL = "http://cloud.test/s3/pages"


@pytest.fixture
def where(s3: Any) -> dict[str, str]:
    s3.create_bucket(Bucket="pages")
    return {"Bucket": "pages"}


def crossing(cloud: Any, method: str, path: str = "", **headers: str) -> tuple[int, dict[str, str]]:
    """(status, the headers for pages of other origins)."""
    status, found, _ = cloud.send(method, URL + path, {name.replace("_", "-"): text for name, text in headers.items()})
    start = "access-control-"
    return status, {name.lower()[len(start) :]: text for name, text in found.items() if name.lower().startswith(start)}


def test_pages_of_other_origins(cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any]) -> None:
    assert refused(s3.get_bucket_cors, **where) == ("NoSuchCORSConfiguration", 404)
    rules = [
        {
            "ID": "one", "AllowedOrigins": ["http://*.example", "https://b.test"], "AllowedMethods": ["GET", "PUT"],
            "AllowedHeaders": ["x-amz-*", "Content-Type"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60,
        },
        {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]},
    ]  # fmt: skip
    s3.put_bucket_cors(**where, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(**where)["CORSRules"] == rules
    asked = {
        "Origin": HERE,
        "Access_Control_Request_Method": "PUT",
        "Access_Control_Request_Headers": "X-Amz-Acl, content-type",
    }
    for path in ("", "/k", "/a/b"):
        status, said = crossing(cloud, "OPTIONS", path, **asked)
        assert (status, said["allow-origin"], said["allow-methods"]) == (200, HERE, "GET, PUT")
        assert said["allow-headers"] == "X-Amz-Acl, content-type" and said["max-age"] == "60"
        assert said["expose-headers"] == "ETag" and said["allow-credentials"] == "true"
    for change in (
        {"Origin": "https://a.example"}, {"Access_Control_Request_Method": "DELETE"},
        {"Access_Control_Request_Headers": "x-other"}, {"Origin": "http://a.example.org"},
    ):  # fmt: skip
        assert crossing(cloud, "OPTIONS", "/k", **{**asked, **change}) == (403, {})
    assert crossing(cloud, "OPTIONS", "/k", Origin=HERE)[0] == 400
    assert (
        cloud.send("OPTIONS", "http://cloud.test/s3/none/k", {"Origin": HERE, "Access-Control-Request-Method": "GET"})[
            0
        ]
        == 403
    )
    for data in (b"few", LARGE):
        s3.put_object(**where, Key="k", Body=data, ACL="public-read")
        status, said = crossing(cloud, "GET", "/k", Origin=HERE)
        assert (status, said["allow-origin"], said["expose-headers"]) == (200, HERE, "ETag")
        assert crossing(cloud, "GET", "/k", Origin="http://c.test") == (200, {})
        assert crossing(cloud, "HEAD", "/k", Origin="http://c.test")[1]["allow-origin"] == "*"
        assert crossing(cloud, "PUT", "/k", Origin=HERE)[0] == 403 and crossing(cloud, "PUT", "/k", Origin=HERE)[1]
        # Swift's API heeds the same rules.
        got = ask(cloud, "GET", f"/object-store/v1/AUTH_{keys['tenant_id']}/pages/k", None, headers={"Origin": HERE})
        assert got.headers["access-control-allow-origin"] == HERE and got.content == data
    s3.delete_bucket_cors(**where)
    assert crossing(cloud, "GET", "/k", Origin=HERE) == (200, {})


def test_swifts_cors_headers_are_a_rule(cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any]) -> None:
    path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}/pages", cloud.log_in("demo")
    meta = "X-Container-Meta-Access-Control"
    said = {f"{meta}-Allow-Origin": HERE, f"{meta}-Expose-Headers": "x-more", f"{meta}-Max-Age": "5"}
    assert ask(cloud, "POST", path, token, headers=said).status == 204
    (rule,) = s3.get_bucket_cors(**where)["CORSRules"]
    assert (rule["AllowedOrigins"], rule["ExposeHeaders"], rule["MaxAgeSeconds"]) == ([HERE], ["x-more"], 5)
    assert set(rule["AllowedMethods"]) == {"GET", "PUT", "HEAD", "POST", "DELETE"} and rule["AllowedHeaders"] == ["*"]
    s3.put_bucket_cors(**where, CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]})
    assert not any("access-control" in name.lower() for name in ask(cloud, "HEAD", path, token).headers)
    s3.delete_bucket_cors(**where)
    assert refused(s3.get_bucket_cors, **where) == ("NoSuchCORSConfiguration", 404)


def test_wrong_rules_are_named(s3: Any, where: dict[str, str]) -> None:
    for rule, code in (
        ({"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]}, "InvalidRequest"),
        ({"AllowedOrigins": ["*.*"], "AllowedMethods": ["GET"]}, "InvalidRequest"),
        ({"AllowedOrigins": [], "AllowedMethods": ["GET"]}, "MalformedXML"),
    ):
        assert refused(s3.put_bucket_cors, **where, CORSConfiguration={"CORSRules": [rule]}) == (code, 400)

    def lifecycle(**rule: Any) -> tuple[str, int]:
        whole = {"Status": "Enabled", "Filter": {"Prefix": ""}, **rule}
        return refused(s3.put_bucket_lifecycle_configuration, **where, LifecycleConfiguration={"Rules": [whole]})

    assert lifecycle(Expiration={"Days": 0}) == ("InvalidArgument", 400)
    assert lifecycle(Expiration={"Date": "2026-01-01T01:00:00Z"}) == ("InvalidArgument", 400)
    assert lifecycle() == ("InvalidArgument", 400)
    assert lifecycle(Status="on", Expiration={"Days": 1}) == ("MalformedXML", 400)
    assert lifecycle(ID="a" * 256, Expiration={"Days": 1}) == ("InvalidArgument", 400)
    assert lifecycle(Transitions=[{"Days": 1, "StorageClass": "GLACIER"}]) == ("NotImplemented", 501)
    assert lifecycle(
        Filter={"Tag": {"Key": "a", "Value": "b"}}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}
    ) == (
        "InvalidArgument",
        400,
    )
    twice = [{"ID": "a", "Status": "Enabled", "Prefix": each, "Expiration": {"Days": 1}} for each in "bc"]
    assert refused(s3.put_bucket_lifecycle_configuration, **where, LifecycleConfiguration={"Rules": twice}) == (
        "InvalidArgument",
        400,
    )
    assert refused(s3.get_bucket_lifecycle_configuration, **where) == ("NoSuchLifecycleConfiguration", 404)


def test_objects_expire(cloud: Any, s3: Any, where: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoi.services.s3 import sweeps

    monkeypatch.setattr(sweeps, "PAGE", 2)
    rules = [
        {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 2}},
        {
            "ID": "tagged", "Status": "Enabled",
            "Filter": {"And": {"Prefix": "x/", "Tags": [{"Key": "a", "Value": "b"}], "ObjectSizeGreaterThan": 3}},
            "Expiration": {"Days": 1},
        },
        {"ID": "off", "Status": "Disabled", "Prefix": "", "Expiration": {"Days": 1}},
    ]  # fmt: skip
    s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": rules})
    shown = s3.get_bucket_lifecycle_configuration(**where)["Rules"]
    assert shown == rules
    for name in ("logs/1", "logs/2", "logs/3", "other", "x/small", "x/none", "x/due"):
        tagged = "" if name == "x/none" else "a=b&c=d"
        s3.put_object(**where, Key=name, Body=b"x" if name == "x/small" else b"many", Tagging=tagged)
    made = s3.put_object(**where, Key="logs/1", Body=LARGE)
    for reply in (made, s3.head_object(**where, Key="logs/1"), s3.get_object(**where, Key="logs/1")):
        assert reply["Expiration"].endswith('00:00:00 GMT", rule-id="logs"')
    assert "Expiration" not in s3.head_object(**where, Key="other")
    upload = s3.create_multipart_upload(**where, Key="logs/up")
    s3.upload_part(**where, Key="logs/up", UploadId=upload["UploadId"], PartNumber=1, Body=b"part")
    midnight = clock.now() // clock.SECOND // DAY * DAY

    def keys_after(days: float) -> list[str]:
        with clock.using(VirtualClock(round((midnight + days * DAY) * clock.SECOND))):
            cloud.sweep()
            cloud.sweep()
        return [each["Key"] for each in s3.list_objects_v2(**where).get("Contents", [])]

    every = ["logs/1", "logs/2", "logs/3", "other", "x/due", "x/none", "x/small"]
    assert keys_after(1.9) == every  # not before the midnight that follows
    assert keys_after(2.1) == [each for each in every if each != "x/due"]
    assert keys_after(3.1) == ["other", "x/none", "x/small"]
    assert len(s3.list_multipart_uploads(**where)["Uploads"]) == 1
    rule = {
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
    }
    s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(**where)["Rules"][0]["ID"]
    keys_after(3.9)
    assert len(s3.list_multipart_uploads(**where)["Uploads"]) == 1
    keys_after(4.1)
    assert "Uploads" not in s3.list_multipart_uploads(**where)
    s3.delete_bucket_lifecycle(**where)
    assert keys_after(1000) == ["other", "x/none", "x/small"]
    assert cloud.audit() == []


def test_old_versions_expire(cloud: Any, s3: Any, where: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from kumoi.services.s3 import sweeps

    monkeypatch.setattr(sweeps, "PAGE", 2)
    s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
    for name in ("a", "old/b", "old/c"):
        for data in (b"1", LARGE, b"3", b"4"):
            s3.put_object(**where, Key=name, Body=data)
    s3.delete_object(**where, Key="old/c")
    midnight = clock.now() // clock.SECOND // DAY * DAY

    def left(days: float, **rule: Any) -> dict[str, int]:
        """Versions of each name, delete markers with them."""
        rules = [{"Status": "Enabled", "Filter": {"Prefix": "old/"}, **rule}]
        s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": rules})
        with clock.using(VirtualClock(round((midnight + days * DAY) * clock.SECOND))):
            cloud.sweep()
        found = s3.list_object_versions(**where)
        keys = [each["Key"] for each in (*found.get("Versions", []), *found.get("DeleteMarkers", []))]
        return {key: keys.count(key) for key in keys}

    def noncurrent(**more: int) -> dict[str, Any]:
        return {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, **more}}

    assert left(1.9, **noncurrent()) == {"a": 4, "old/b": 4, "old/c": 5}
    assert left(2.1, **noncurrent(NewerNoncurrentVersions=2)) == {"a": 4, "old/b": 3, "old/c": 3}
    assert s3.get_object(**where, Key="old/b")["Body"].read() == b"4"
    marked = {"Expiration": {"ExpiredObjectDeleteMarker": True}}
    assert left(2.1, **marked) == {"a": 4, "old/b": 3, "old/c": 3}
    assert left(2.1, **noncurrent()) == {"a": 4, "old/b": 1, "old/c": 1}
    assert left(2.1, **marked) == {"a": 4, "old/b": 1}
    # What expires in a bucket with versions leaves a delete marker.
    assert left(2.1, Expiration={"Days": 1}) == {"a": 4, "old/b": 2}
    assert refused(s3.get_object, **where, Key="old/b") == ("NoSuchKey", 404)
    assert cloud.audit() == []


def test_objects_expire_on_a_day(cloud: Any, s3: Any, where: dict[str, str]) -> None:
    s3.put_object(**where, Key="k", Body=LARGE)
    rule = {"Status": "Enabled", "Filter": {}, "Expiration": {"Date": "2020-01-01T00:00:00Z"}}
    s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": [rule]})
    cloud.sweep()
    assert "Contents" not in s3.list_objects_v2(**where)
    s3.delete_bucket(**where)
    cloud.sweep()


def test_tags_of_a_bucket(s3: Any, where: dict[str, str]) -> None:
    assert refused(s3.get_bucket_tagging, **where) == ("NoSuchTagSet", 404)
    tags = [{"Key": str(number), "Value": f"ü {number}"} for number in range(10, 60)]
    s3.put_bucket_tagging(**where, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(**where)["TagSet"] == tags
    more = {"TagSet": [*tags, {"Key": "a", "Value": ""}]}
    assert refused(s3.put_bucket_tagging, **where, Tagging=more) == ("BadRequest", 400)
    s3.delete_bucket_tagging(**where)
    assert refused(s3.get_bucket_tagging, **where) == ("NoSuchTagSet", 404)


def test_every_setting_that_clients_read_has_its_answer(s3: Any, where: dict[str, str]) -> None:
    """As Terraform reads a bucket."""
    for call, code in (
        (s3.get_bucket_policy, "NoSuchBucketPolicy"), (s3.get_bucket_policy_status, "NoSuchBucketPolicy"),
        (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (s3.get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError"),
        (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError"),
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
    ):  # fmt: skip
        assert refused(call, **where) == (code, 404)
    assert "Status" not in s3.get_bucket_accelerate_configuration(**where)
    assert s3.get_bucket_request_payment(**where)["Payer"] == "BucketOwner"
    assert "LoggingEnabled" not in s3.get_bucket_logging(**where)
    notified = s3.get_bucket_notification_configuration(**where)
    assert not {"TopicConfigurations", "QueueConfigurations"} & notified.keys()
    assert s3.list_bucket_analytics_configurations(**where)["IsTruncated"] is False
    assert s3.list_bucket_metrics_configurations(**where)["IsTruncated"] is False
    assert s3.list_bucket_inventory_configurations(**where)["IsTruncated"] is False
    assert s3.list_bucket_intelligent_tiering_configurations(**where)["IsTruncated"] is False
    assert refused(s3.get_bucket_metrics_configuration, **where, Id="a") == ("NoSuchConfiguration", 404)
    assert refused(s3.put_bucket_request_payment, **where, RequestPaymentConfiguration={"Payer": "Requester"})[1] == 501
    for call in (s3.get_bucket_policy, s3.get_bucket_logging, s3.get_bucket_cors, s3.get_bucket_tagging):
        assert refused(call, Bucket="none") == ("NoSuchBucket", 404)


def test_a_rule_of_more_days_than_dates_have(s3: Any, where: dict[str, str]) -> None:
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 2**31 - 1}}
    s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": [rule]})
    made = s3.put_object(**where, Key="k", Body=b"x")
    assert made["Expiration"] == s3.get_object(**where, Key="k")["Expiration"]
    assert 'expiry-date="Fri, 31 Dec 9999 00:00:00 GMT"' in made["Expiration"]


def test_a_rule_does_not_lend_its_tags_to_another(cloud: Any, s3: Any, where: dict[str, str]) -> None:
    s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(**where, Key="kept", Body=b"x")
        s3.put_object(**where, Key="gone", Body=b"x", Tagging="a=1")
    tagged = {"Filter": {"Tag": {"Key": "a", "Value": "1"}}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    late = {"Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1000}}
    rules = [{"Status": "Enabled", "ID": id, **rule} for id, rule in (("a", tagged), ("b", late))]
    s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": rules})
    with clock.using(VirtualClock(clock.now() + 3 * DAY * clock.SECOND)):
        cloud.sweep()
    left = [each["Key"] for each in s3.list_object_versions(**where)["Versions"]]
    assert left == ["gone", "kept", "kept"]


def test_a_bucket_that_is_gone_is_no_longer_looked_at(
    cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any]
) -> None:
    from kumoi.engines.objects.interface import ObjectStore, Page
    from kumoi.services.s3.lifecycle import logic

    rule = {"ID": "a", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}
    names = ("by-s3", "by-swift", "stays", "without")
    for name in names:
        s3.create_bucket(Bucket=name)
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    s3.delete_bucket(Bucket="by-s3")
    s3.delete_bucket_lifecycle(Bucket="without")
    path = f"/object-store/v1/AUTH_{keys['tenant_id']}/by-swift"
    token = cloud.log_in("demo")
    assert ask(cloud, "DELETE", path, token).status == 204
    # A later one of the same name has no rules.
    assert ask(cloud, "PUT", path, token).status == 201
    cloud.sweep()
    found = cloud.engines[ObjectStore].read(lambda tx: tx.containers(logic.ACCOUNT, Page(limit=10)))
    assert [name for name, _ in found] == [f"AUTH_{keys['tenant_id']}/stays"]
