"""Access lists of buckets and objects, and who is let in by them, in both APIs."""

from typing import Any

import msgspec
import pytest

from tests.services.object_store.sending import ask
from tests.services.s3.test_objects import refused
from tests.services.s3.test_signatures import signed

__all__ = ["signed"]
ALL = "http://acs.amazonaws.com/groups/global/AllUsers"
KNOWN = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LARGE = bytes(100_000)


def nobody(cloud: Any, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    """The status of a request that is not signed."""
    status: int = cloud.send(method, f"http://cloud.test/s3/{path}", headers, body)[0]
    return status


def grants(reply: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (each["Grantee"].get("URI") or each["Grantee"]["DisplayName"], each["Permission"]) for each in reply["Grants"]
    }


@pytest.fixture
def other(cloud: Any) -> Any:
    return cloud.client(cloud.ec2("admin"))


@pytest.fixture
def stranger(cloud: Any) -> dict[str, Any]:
    """EC2 credentials of a user of another project, who is no admin."""
    from tests.services.identity.cloud import V3

    admin = cloud.log_in("admin")
    project = cloud.post(f"{V3}/projects", as_=admin, json={"project": {"name": "other"}}).json["project"]["id"]
    user = {"name": "stranger", "password": "a-long-password"}
    user_id = cloud.post(f"{V3}/users", as_=admin, json={"user": user}).json["user"]["id"]
    roles = {each["name"]: each["id"] for each in cloud.get(f"{V3}/roles", as_=admin).json["roles"]}
    cloud.put(f"{V3}/projects/{project}/users/{user_id}/roles/{roles['member']}", as_=admin)
    made = cloud.post(f"{V3}/users/{user_id}/credentials/OS-EC2", as_=admin, json={"tenant_id": project})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json["credential"]
    return found


def test_a_bucket_is_private_until_it_is_opened(cloud: Any, s3: Any, stranger: dict[str, Any]) -> None:
    them = cloud.client(stranger)
    s3.create_bucket(Bucket="ours")
    s3.put_object(Bucket="ours", Key="k", Body=b"x")
    assert nobody(cloud, "GET", "ours") == nobody(cloud, "GET", "ours/k") == nobody(cloud, "GET", "none") == 403
    assert nobody(cloud, "PUT", "ours/k", b"y") == nobody(cloud, "DELETE", "ours/k") == nobody(cloud, "GET", "") == 403
    assert refused(them.get_object, Bucket="ours", Key="k") == ("NoSuchBucket", 404)
    s3.put_bucket_acl(Bucket="ours", ACL="public-read")
    # The names are open, the objects are not.
    assert nobody(cloud, "GET", "ours") == 200 and nobody(cloud, "GET", "ours/k") == 403
    assert nobody(cloud, "GET", "ours/absent") == 404 and nobody(cloud, "PUT", "ours/new", b"y") == 403
    assert [each["Key"] for each in them.list_objects_v2(Bucket="ours")["Contents"]] == ["k"]
    for data in (b"few", LARGE):
        s3.put_object(Bucket="ours", Key="k", Body=data, ACL="public-read")
        assert cloud.send("GET", "http://cloud.test/s3/ours/k", {})[2] == data
        assert them.get_object(Bucket="ours", Key="k")["Body"].read() == data
    s3.put_object(Bucket="ours", Key="k", Body=b"again")
    assert nobody(cloud, "GET", "ours/k") == 403  # the list went with the object that it belonged to
    for name in ("cors", "acl", "lifecycle", "tagging", "uploads", "policy", "location"):
        assert nobody(cloud, "GET", f"ours?{name}") == 403
    assert nobody(cloud, "PUT", "ours?acl", b"", **{"x-amz-acl": "private"}) == nobody(cloud, "DELETE", "ours") == 403


def test_grants_name_projects_and_groups(cloud: Any, s3: Any, stranger: dict[str, Any]) -> None:
    them, id = cloud.client(stranger), stranger["tenant_id"]
    s3.create_bucket(Bucket="ours", GrantWrite=f"id={id}", GrantRead=f"uri={KNOWN}")
    assert grants(s3.get_bucket_acl(Bucket="ours")) == {("other", "WRITE"), (KNOWN, "READ")}
    them.put_object(Bucket="ours", Key="theirs", Body=LARGE)
    upload = them.create_multipart_upload(Bucket="ours", Key="parts")
    where = {"Bucket": "ours", "Key": "parts", "UploadId": upload["UploadId"]}
    part = {"PartNumber": 1, "ETag": them.upload_part(**where, PartNumber=1, Body=b"part")["ETag"]}
    them.complete_multipart_upload(**where, MultipartUpload={"Parts": [part]})
    # It is the bucket's project that has the object.
    assert s3.get_object(Bucket="ours", Key="theirs")["Body"].read() == LARGE
    assert refused(them.get_object, Bucket="ours", Key="theirs") == ("AccessDenied", 403)
    assert [each["Key"] for each in them.list_objects(Bucket="ours")["Contents"]] == ["parts", "theirs"]
    assert nobody(cloud, "GET", "ours") == 403
    assert refused(them.get_bucket_acl, Bucket="ours") == ("AccessDenied", 403)
    s3.put_object_acl(Bucket="ours", Key="theirs", GrantReadACP=f"id={id}", GrantWriteACP=f"id={id}")
    assert grants(them.get_object_acl(Bucket="ours", Key="theirs")) == {("other", "READ_ACP"), ("other", "WRITE_ACP")}
    them.put_object_acl(Bucket="ours", Key="theirs", ACL="authenticated-read")
    assert them.get_object(Bucket="ours", Key="theirs")["Body"].read() == LARGE
    for wrong, code in (
        ("id=none", "InvalidArgument"), ("uri=http://x", "InvalidArgument"), ("a=b", "InvalidArgument"),
        ("emailAddress=a@b", "UnresolvableGrantByEmailAddress"),
    ):  # fmt: skip
        assert refused(s3.put_bucket_acl, Bucket="ours", GrantRead=wrong) == (code, 400)
    assert refused(s3.put_bucket_acl, Bucket="ours", ACL="odd") == ("InvalidArgument", 400)
    s3.put_bucket_acl(Bucket="ours", ACL="private")
    assert refused(them.list_objects, Bucket="ours") == ("AccessDenied", 403)
    assert refused(them.upload_part, **where, PartNumber=2, Body=b"x")[1] == 403


def test_both_doors_know_one_truth(cloud: Any, s3: Any, keys: dict[str, Any]) -> None:
    path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}/both", cloud.log_in("demo")
    s3.create_bucket(Bucket="both")
    s3.put_object(Bucket="both", Key="open", Body=b"x", ACL="public-read")
    s3.put_object(Bucket="both", Key="closed", Body=b"x")
    assert [ask(cloud, "GET", f"{path}/{name}", None).status for name in ("open", "closed")] == [200, 401]
    assert ask(cloud, "POST", f"{path}/open", token, headers={"X-Object-Meta-A": "1"}).status == 202
    assert ask(cloud, "GET", f"{path}/open", None).status == 200 and nobody(cloud, "GET", "both/open") == 200
    shown = ask(cloud, "HEAD", f"{path}/open", token).headers, ask(cloud, "HEAD", path, token).headers
    assert not any("sysmeta" in name.lower() for headers in shown for name in headers)
    assert ask(cloud, "COPY", f"{path}/open", token, headers={"Destination": "both/copy"}).status == 201
    assert ask(cloud, "GET", f"{path}/copy", None).status == 401
    s3.put_bucket_acl(Bucket="both", ACL="public-read-write")
    assert ask(cloud, "GET", path, None).status == 200
    assert ask(cloud, "PUT", f"{path}/new", None, body=b"from nobody").status == 201
    assert nobody(cloud, "PUT", "both/newer", b"x") == 200 and nobody(cloud, "DELETE", "both/new") == 204
    # Swift's lists are shown, and go when a list is set.
    headers = {"X-Container-Read": ".r:*,.rlistings,p:*", "X-Container-Write": "*:*,q:*"}
    s3.put_bucket_acl(Bucket="both", ACL="private")
    assert ask(cloud, "POST", path, token, headers=headers).status == 204
    found = {
        (each["Grantee"].get("URI") or each["Grantee"]["ID"], each["Permission"])
        for each in s3.get_bucket_acl(Bucket="both")["Grants"]
    }
    own = (keys["tenant_id"], "FULL_CONTROL")
    assert found == {(ALL, "READ"), ("p", "READ"), (KNOWN, "WRITE"), ("q", "WRITE"), own}
    assert (ALL, "READ") in grants(s3.get_object_acl(Bucket="both", Key="closed"))
    assert nobody(cloud, "GET", "both/closed") == 200
    s3.put_bucket_acl(Bucket="both", ACL="private")
    assert ask(cloud, "GET", f"{path}/closed", None).status == 401 and nobody(cloud, "GET", "both/closed") == 403
    assert "x-container-read" not in ask(cloud, "HEAD", path, token).headers


def test_public_access_can_be_blocked(cloud: Any, s3: Any, keys: dict[str, Any], stranger: dict[str, Any]) -> None:
    path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}/shut", cloud.log_in("demo")
    them, where = cloud.client(stranger), {"Bucket": "shut"}
    s3.create_bucket(**where, ACL="public-read")
    s3.put_object(**where, Key="k", Body=b"x", ACL="authenticated-read")
    assert refused(s3.get_public_access_block, **where) == ("NoSuchPublicAccessBlockConfiguration", 404)
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": False,
    }
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"] == block
    assert nobody(cloud, "GET", "shut") == 200  # what is open stays so
    assert refused(s3.put_bucket_acl, **where, ACL="public-read") == ("AccessDenied", 403)
    assert refused(s3.put_object, **where, Key="new", Body=b"", ACL="public-read") == ("AccessDenied", 403)
    assert ask(cloud, "POST", path, token, headers={"X-Container-Read": ".r:*,.rlistings"}).status == 403
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    assert ask(cloud, "POST", path, token, headers={"X-Container-Read": ".r:*,.rlistings"}).status == 204
    assert nobody(cloud, "GET", "shut") == 403 and ask(cloud, "GET", path, None).status == 401
    assert refused(them.get_object, **where, Key="k") == ("AccessDenied", 403)
    s3.put_bucket_acl(**where, GrantRead=f"id={stranger['tenant_id']}")
    them.list_objects(**where)  # a named project is not the public
    s3.delete_public_access_block(**where)
    assert them.get_object(**where, Key="k")["Body"].read() == b"x"
    assert refused(s3.get_bucket_ownership_controls, **where) == ("OwnershipControlsNotFoundError", 404)
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    held = refused(s3.put_bucket_ownership_controls, **where, OwnershipControls=enforced)
    assert held == ("InvalidBucketAclWithObjectOwnership", 400)
    s3.put_bucket_acl(**where, ACL="private")
    s3.put_bucket_ownership_controls(**where, OwnershipControls=enforced)
    assert s3.get_bucket_ownership_controls(**where)["OwnershipControls"] == enforced
    assert refused(them.get_object, **where, Key="k") == ("AccessDenied", 403)
    assert refused(s3.put_bucket_acl, **where, ACL="public-read") == ("AccessControlListNotSupported", 400)
    writer = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    assert refused(s3.put_bucket_ownership_controls, **where, OwnershipControls=writer) == ("NotImplemented", 501)


def test_names_mean_ones_own_bucket_first(
    cloud: Any, s3: Any, stranger: dict[str, Any], keys: dict[str, Any], signed: Any
) -> None:
    them = cloud.client(stranger)
    full = f"{keys['tenant_id']}%3Aname"
    them.create_bucket(Bucket="name", ACL="public-read")
    them.put_object(Bucket="name", Key="k", Body=b"theirs", ACL="public-read")
    # Others find theirs under the name, so that ours is not opened under it.
    taken = ("BucketAlreadyExists", 409)
    assert refused(s3.create_bucket, Bucket="name", ACL="public-read") == taken
    s3.create_bucket(Bucket="name", ACL="private")
    s3.put_object(Bucket="name", Key="k", Body=b"ours")
    for ask_for, more in (
        (s3.put_bucket_acl, {"ACL": "public-read"}), (s3.put_bucket_acl, {"GrantWrite": f"id={stranger['tenant_id']}"}),
        (s3.put_object_acl, {"Key": "k", "ACL": "public-read"}), (s3.put_object, {"Key": "k", "ACL": "authenticated-read"}),
        (s3.copy_object, {"Key": "new", "CopySource": "name/k", "ACL": "public-read"}),
    ):  # fmt: skip
        assert refused(ask_for, Bucket="name", **more) == taken, more
    s3.put_bucket_acl(Bucket="name", ACL="private")
    for path in (f"/{full}?acl", f"/{full}/k?acl"):
        headers = signed("PUT", path, **{"x-amz-acl": "public-read"})
        assert cloud.send("PUT", f"http://cloud.test/s3{path}", headers)[0] == 200
    for client, text in ((them, b"theirs"), (s3, b"ours")):
        assert client.get_object(Bucket="name", Key="k")["Body"].read() == text
    # A project before the name says which.
    assert cloud.send("GET", "http://cloud.test/s3/name/k", {})[2] == b"theirs"
    assert cloud.send("GET", f"http://cloud.test/s3/{keys['tenant_id']}:name/k", {})[2] == b"ours"
    them.delete_object(Bucket="name", Key="k")
    them.delete_bucket(Bucket="name")
    assert nobody(cloud, "GET", "name/k") == 403
    s3.put_bucket_acl(Bucket="name", ACL="public-read")
    assert cloud.send("GET", "http://cloud.test/s3/name/k", {})[2] == b"ours"
    assert cloud.audit() == []


def test_the_owner_that_is_expected(s3: Any, keys: dict[str, Any]) -> None:
    s3.create_bucket(Bucket="ours")
    s3.put_object(Bucket="ours", Key="k", Body=b"x", ExpectedBucketOwner=keys["tenant_id"])
    assert refused(s3.get_object, Bucket="ours", Key="k", ExpectedBucketOwner="0" * 12) == ("AccessDenied", 403)
    assert refused(s3.put_object, Bucket="ours", Key="k", ExpectedBucketOwner="0" * 12) == ("AccessDenied", 403)


def test_who_may_no_longer_write_writes_no_parts(
    cloud: Any, s3: Any, stranger: dict[str, Any], keys: dict[str, Any]
) -> None:
    them, parts = cloud.client(stranger), f"http://cloud.test/object-store/v1/AUTH_{keys['tenant_id']}/ours+segments"
    s3.create_bucket(Bucket="ours")
    s3.put_bucket_acl(Bucket="ours", ACL="public-read-write")
    id = them.create_multipart_upload(Bucket="ours", Key="k")["UploadId"]
    them.upload_part(Bucket="ours", Key="k", UploadId=id, PartNumber=1, Body=b"x")
    s3.put_bucket_acl(Bucket="ours", ACL="private")
    assert refused(them.upload_part, Bucket="ours", Key="k", UploadId=id, PartNumber=2, Body=b"x")[1] in (403, 404)
    for method, name in (("PUT", "junk"), ("DELETE", f"parts/{id}/00001")):
        assert cloud.send(method, f"{parts}/{name}", {}, b"")[0] == 401, method
    assert len(s3.list_parts(Bucket="ours", Key="k", UploadId=id)["Parts"]) == 1


def test_old_versions_are_the_projects_alone(cloud: Any, s3: Any, stranger: dict[str, Any]) -> None:
    them = cloud.client(stranger)
    s3.create_bucket(Bucket="ours")
    s3.put_bucket_versioning(Bucket="ours", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_acl(Bucket="ours", ACL="public-read-write")
    every = {"Bucket": "ours", "Key": "k"}
    old = s3.put_object(**every, Body=b"1", Tagging="a=1")["VersionId"]
    s3.put_object(**every, Body=b"2", GrantFullControl=f'uri="{ALL}"')
    tags = {"TagSet": [{"Key": "b", "Value": "2"}]}
    for ask_for, more in (
        (them.get_object_tagging, {}), (them.put_object_tagging, {"Tagging": tags}), (them.delete_object_tagging, {}),
        (them.get_object_acl, {}), (them.put_object_acl, {"ACL": "public-read"}),
    ):  # fmt: skip
        ask_for(**every, **more)
        assert refused(ask_for, **every, **more, VersionId=old) == ("AccessDenied", 403), (ask_for, more)
    assert s3.get_object_tagging(**every, VersionId=old)["TagSet"] == [{"Key": "a", "Value": "1"}]


def test_nobody_chooses_how_an_object_is_shown(cloud: Any, s3: Any) -> None:
    s3.create_bucket(Bucket="ours")
    s3.put_object(Bucket="ours", Key="k", Body=b"<script>", ContentType="text/plain", ACL="public-read")
    assert nobody(cloud, "GET", "ours/k") == 200
    for method in ("GET", "HEAD"):
        assert nobody(cloud, method, "ours/k?response-content-type=text/html") == 400, method
    assert s3.get_object(Bucket="ours", Key="k", ResponseContentType="text/html")["ContentType"] == "text/html"


@pytest.mark.parametrize("data", [b"<script>", b"<script>" + LARGE])
def test_pages_at_the_host_of_a_bucket_have_its_origin(cloud: Any, s3: Any, data: bytes) -> None:
    """Elsewhere they are at the dashboard's address, or at that of all buckets, and get an origin of nobody."""
    cloud.api.settings = msgspec.structs.replace(
        cloud.api.settings, s3_host="s3.test", public_url="http://cloud.s3.test:80"
    )
    s3.create_bucket(Bucket="site", ACL="public-read")
    s3.put_object(Bucket="site", Key="index.html", Body=data, ContentType="text/html", ACL="public-read")
    for host, sandboxed in (
        ("site.s3.test", False), ("SITE.s3.test:8080", False), ("s3.test", True), ("cloud.test", True), ("xs3.test", True),
        ("cloud.s3.test", True), ("s3.test.org", True),
    ):  # fmt: skip
        status, headers, body = cloud.send("GET", f"http://{host}/s3/site/index.html", {})
        assert (status, body) == (200, data), host
        assert ("sandbox" in headers.get("content-security-policy", "")) is sandboxed, host
        # So has what the front cannot send from a file.
        status, headers, _ = cloud.send("GET", f"http://{host}/s3/site/index.html", {"If-Match": headers["etag"]})
        assert ("sandbox" in headers.get("content-security-policy", "")) is sandboxed, host
    assert "sandbox" in cloud.send("GET", "http://site.s3.test/s3/site/absent", {})[1]["content-security-policy"]
