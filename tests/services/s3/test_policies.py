"""Policies of buckets, and who is let in by them, in both APIs."""

import json
from typing import Any

import pytest

from tests.services.identity.cloud import V3
from tests.services.object_store.sending import ask
from tests.services.s3.test_access import KNOWN, LARGE, nobody, stranger
from tests.services.s3.test_objects import refused

__all__ = ["stranger"]
HERE, BELOW = "arn:aws:s3:::ours", "arn:aws:s3:::ours/*"
WRITES = ["s3:PutObject", "s3:DeleteObject"]


def allow(*actions: str, to: Any = "*", on: Any = BELOW, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": to, "Action": [*actions], "Resource": on, **more}


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements], **more})


@pytest.fixture
def where(s3: Any) -> dict[str, str]:
    s3.create_bucket(Bucket="ours")
    for name, data in (("open/few", b"few"), ("open/many", LARGE), ("closed", b"secret")):
        s3.put_object(Bucket="ours", Key=name, Body=data)
    return {"Bucket": "ours"}


def test_everybody_downloads(cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any]) -> None:
    path, token = f"/object-store/v1/AUTH_{keys['tenant_id']}/ours", cloud.log_in("demo")
    assert refused(s3.get_bucket_policy, **where) == refused(s3.get_bucket_policy_status, **where)
    assert refused(s3.get_bucket_policy, **where) == ("NoSuchBucketPolicy", 404)
    text = policy(
        allow("s3:GetObject", on=f"{HERE}/open/*"), allow("s3:ListBucket", "s3:GetBucketLocation", on=HERE), Id="x"
    )
    s3.put_bucket_policy(**where, Policy=text)
    assert s3.get_bucket_policy(**where)["Policy"] == text
    assert s3.get_bucket_policy_status(**where)["PolicyStatus"] == {"IsPublic": True}
    for name, data in (("few", b"few"), ("many", LARGE)):
        assert cloud.send("GET", f"http://cloud.test/s3/ours/open/{name}", {})[2] == data
        assert ask(cloud, "GET", f"{path}/open/{name}", None).content == data
    assert nobody(cloud, "GET", "ours") == nobody(cloud, "GET", "ours?location") == nobody(cloud, "HEAD", "ours") == 200
    assert nobody(cloud, "GET", "ours/closed") == 403 and ask(cloud, "GET", f"{path}/closed", None).status == 401
    assert nobody(cloud, "GET", "ours/open/none") == nobody(cloud, "GET", "ours/none") == 404
    assert nobody(cloud, "PUT", "ours/open/few", b"x") == nobody(cloud, "DELETE", "ours/open/few") == 403
    for name in ("policy", "policyStatus", "acl", "cors", "tagging", "lifecycle"):
        assert nobody(cloud, "GET", f"ours?{name}") == 403, name
    shown = ask(cloud, "HEAD", path, token).headers
    assert not any("sysmeta" in name.lower() for name in shown)
    s3.delete_bucket_policy(**where)
    s3.delete_bucket_policy(**where)
    assert (
        nobody(cloud, "GET", "ours")
        == nobody(cloud, "GET", "ours/open/few")
        == nobody(cloud, "GET", "ours?location")
        == 403
    )
    assert refused(s3.get_bucket_policy, **where) == ("NoSuchBucketPolicy", 404)
    assert cloud.audit() == []


def test_a_project_writes(cloud: Any, s3: Any, where: dict[str, str], stranger: dict[str, Any]) -> None:
    them, id = cloud.client(stranger), stranger["tenant_id"]
    to = {"AWS": [f"arn:aws:iam::{id}:root", id]}
    s3.put_bucket_policy(**where, Policy=policy(allow(*WRITES, "s3:AbortMultipartUpload", to=to)))
    assert s3.get_bucket_policy_status(**where)["PolicyStatus"] == {"IsPublic": False}
    them.put_object(**where, Key="theirs", Body=LARGE)
    upload = them.create_multipart_upload(**where, Key="parts")
    parts = {**where, "Key": "parts", "UploadId": upload["UploadId"]}
    etag = them.upload_part(**parts, PartNumber=1, Body=b"part")["ETag"]
    them.complete_multipart_upload(**parts, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert s3.get_object(**where, Key="parts")["Body"].read() == b"part"
    them.delete_object(**where, Key="closed")
    assert (
        refused(them.get_object, **where, Key="theirs") == refused(them.list_objects, **where) == ("AccessDenied", 403)
    )
    assert refused(them.put_bucket_policy, **where, Policy=policy(allow("s3:GetObject"))) == ("AccessDenied", 403)
    assert refused(them.delete_bucket_policy, **where) == ("AccessDenied", 403)
    assert nobody(cloud, "PUT", "ours/new", b"x") == 403
    upload = them.create_multipart_upload(**where, Key="late")["UploadId"]
    s3.put_bucket_policy(**where, Policy=policy(allow("s3:GetObject", to={"AWS": id}, on=f"{HERE}/theirs")))
    assert refused(them.upload_part, **where, Key="late", UploadId=upload, PartNumber=1, Body=b"x")[1] in (403, 404)
    assert refused(them.put_object, **where, Key="theirs", Body=b"x") == ("AccessDenied", 403)
    assert them.get_object(**where, Key="theirs")["Body"].read() == LARGE
    assert refused(them.get_object, **where, Key="theirs2") == refused(them.get_object, **where, Key="parts")


def test_public_policies_can_be_blocked(
    cloud: Any, s3: Any, where: dict[str, str], stranger: dict[str, Any], keys: dict[str, Any]
) -> None:
    them, public = cloud.client(stranger), policy(allow("s3:GetObject"))
    named = policy(allow("s3:GetObject", to={"AWS": stranger["tenant_id"]}))
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    assert refused(s3.put_bucket_policy, **where, Policy=public) == ("AccessDenied", 403)
    s3.put_bucket_policy(**where, Policy=named)
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert them.get_object(**where, Key="closed")["Body"].read() == b"secret"
    s3.put_bucket_policy(**where, Policy=public)
    assert nobody(cloud, "GET", "ours/closed") == 403 and refused(them.get_object, **where, Key="closed")[1] == 403
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    assert nobody(cloud, "GET", "ours/closed") == 200
    # Others find the stranger's bucket of this name from now on.
    s3.delete_bucket_policy(**where)
    for name in ("closed", "open/few", "open/many"):
        s3.delete_object(**where, Key=name)
    s3.delete_bucket(**where)
    them.create_bucket(**where)
    them.put_bucket_policy(**where, Policy=public)
    s3.create_bucket(**where)
    assert refused(s3.put_bucket_policy, **where, Policy=public) == ("BucketAlreadyExists", 409)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "MalformedPolicy"), ("[]", "MalformedPolicy"), ("{", "MalformedPolicy"), ("{}", "MalformedPolicy"),
        (policy(), "MalformedPolicy"), (policy(allow("s3:GetObject"), More=1), "MalformedPolicy"),
        (policy(allow("s3:GetObject"), Version="1"), "MalformedPolicy"), (json.dumps({"Statement": 1}), "MalformedPolicy"),
        (policy(allow("s3:GetObject", Odd=1)), "MalformedPolicy"), (policy(allow()), "MalformedPolicy"),
        (policy(allow("s3:GetObject", to={"AWS": []})), "MalformedPolicy"),
        (policy(allow("s3:GetObject", to=None)), "MalformedPolicy"),
        (policy(allow("s3:GetObject", to={"Service": "x"})), "MalformedPolicy"),
        (policy(allow("s3:GetObject", to={"AWS": "no such project"})), "MalformedPolicy"),
        (policy(allow("s3:GetObject", to={"AWS": "0" * 32})), "InvalidArgument"),
        (policy(allow("s3:GetObject", on="arn:aws:s3:::theirs/*")), "MalformedPolicy"),
        (policy(allow("s3:GetObject", on="*")), "MalformedPolicy"), (policy(allow("s3:GetObject", on=[])), "MalformedPolicy"),
        (policy(allow("s3:GetObject", on=HERE)), "MalformedPolicy"), (policy(allow("s3:ListBucket")), "MalformedPolicy"),
        (policy({**allow("s3:GetObject"), "Effect": "Maybe"}), "MalformedPolicy"),
        (policy(allow("s3:GetObject", Sid="a" * 30_000)), "MalformedPolicy"), (policy(allow("iam:x")), "MalformedPolicy"),
        (policy(allow("s3:GetObject", to={"AWS": [f"{n}" for n in range(99)]}, on=[f"{BELOW[:-1]}{n}" for n in range(99)])),
         "MalformedPolicy"),
        (policy({**allow("s3:GetObject"), "Effect": "Deny"}), "NotImplemented"),
        (policy(allow("s3:GetObject", Condition={})), "NotImplemented"), (policy(allow("s3:*")), "NotImplemented"),
        (policy(allow("s3:GetObject", NotAction=[])), "NotImplemented"), (policy(allow("s3:PutObject")), "NotImplemented"),
        (policy(allow("s3:PutObjectAcl")), "NotImplemented"), (policy(allow("s3:AbortMultipartUpload")), "NotImplemented"),
        (policy(allow(*WRITES, on=f"{HERE}/a*")), "NotImplemented"),
        (policy(allow("s3:GetObject", on=f"{HERE}/*/b")), "NotImplemented"),
        (policy(allow("s3:GetObject", on=f"{HERE}/a?")), "NotImplemented"),
        (policy(allow("s3:GetObject", to={"AWS": "arn:aws:iam::a:user/b"})), "NotImplemented"),
    ],
)  # fmt: skip
def test_what_a_policy_cannot_say(cloud: Any, s3: Any, where: dict[str, str], text: str, code: str) -> None:
    s3.put_bucket_policy(**where, Policy=policy(allow("s3:GetObject", on=f"{HERE}/open/few")))
    status = 501 if code == "NotImplemented" else 400
    assert refused(s3.put_bucket_policy, **where, Policy=text) == (code, status)
    assert nobody(cloud, "GET", "ours/open/few") == 200 and nobody(cloud, "GET", "ours/closed") == 403


@pytest.fixture
def onlooker(cloud: Any, stranger: dict[str, Any]) -> dict[str, Any]:
    """EC2 credentials of a user who may only read in the stranger's project."""
    admin, project = cloud.log_in("admin"), stranger["tenant_id"]
    user = {"name": "onlooker", "password": "a-long-password"}
    user_id = cloud.post(f"{V3}/users", as_=admin, json={"user": user}).json["user"]["id"]
    roles = {each["name"]: each["id"] for each in cloud.get(f"{V3}/roles", as_=admin).json["roles"]}
    cloud.put(f"{V3}/projects/{project}/users/{user_id}/roles/{roles['reader']}", as_=admin)
    made = cloud.post(f"{V3}/users/{user_id}/credentials/OS-EC2", as_=admin, json={"tenant_id": project})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json["credential"]
    return found


def test_a_reader_writes_nowhere(
    cloud: Any, s3: Any, where: dict[str, str], stranger: dict[str, Any], onlooker: dict[str, Any]
) -> None:
    """What a project was given is for those of its users whose roles allow the same in its own account."""
    them, reader, id = cloud.client(stranger), cloud.client(onlooker), stranger["tenant_id"]
    them.create_bucket(Bucket="theirs")
    assert refused(reader.put_object, Bucket="theirs", Key="x", Body=b"x") == ("AccessDenied", 403)

    def look() -> None:
        assert reader.list_objects(**where)["Contents"]
        assert refused(reader.put_object, **where, Key="new", Body=b"x") == ("AccessDenied", 403)
        assert refused(reader.delete_object, **where, Key="closed") == ("AccessDenied", 403)
        assert refused(reader.create_multipart_upload, **where, Key="new") == ("AccessDenied", 403)
        them.put_object(**where, Key="new", Body=b"x")
        upload = {"Key": "parts", "UploadId": them.create_multipart_upload(**where, Key="parts")["UploadId"]}
        assert refused(reader.upload_part, **where, **upload, PartNumber=1, Body=b"x") == ("AccessDenied", 403)
        them.abort_multipart_upload(**where, **upload)

    to = {"AWS": id}
    text = policy(allow(*WRITES, "s3:GetObject", to=to), allow("s3:ListBucket", to=to, on=HERE))
    s3.put_bucket_policy(**where, Policy=text)
    assert reader.get_object(**where, Key="closed")["Body"].read() == b"secret"
    look()
    s3.delete_bucket_policy(**where)
    for whom in (f'id="{id}"', f'uri="{KNOWN}"'):
        s3.put_bucket_acl(**where, GrantRead=whom, GrantWrite=whom, GrantWriteACP=whom)
        look()
        assert refused(reader.put_bucket_acl, **where, ACL="public-read-write") == ("AccessDenied", 403)
    s3.put_bucket_acl(**where, ACL="public-read-write")
    reader.put_object(**where, Key="new", Body=b"as everybody")


def test_a_list_of_swift_counts_for_every_role(
    cloud: Any, s3: Any, where: dict[str, str], keys: dict[str, Any], stranger: dict[str, Any], onlooker: dict[str, Any]
) -> None:
    """As in Swift: `project:*` names every user of the project."""
    path = f"/object-store/v1/AUTH_{keys['tenant_id']}/ours"
    lists = {"X-Container-Write": f"{stranger['tenant_id']}:*"}
    assert ask(cloud, "POST", path, cloud.log_in("demo"), headers=lists).status == 204
    cloud.client(onlooker).put_object(**where, Key="new", Body=b"x")
