"""What a request asks by its parameters is done, or refused; it is never taken for another request."""

from typing import Any

import pytest

from kumoi.services.s3 import asked
from tests.services.s3.test_objects import refused
from tests.services.s3.test_signatures import URL, code, signed

__all__ = ["signed"]
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")


@pytest.fixture
def where(s3: Any) -> dict[str, str]:
    s3.create_bucket(Bucket="both")
    s3.put_object(Bucket="both", Key="k", Body=b"data")
    return {"Bucket": "both"}


@pytest.mark.parametrize(("kind", "path"), [("bucket", "/both"), ("object", "/both/k"), ("new", "/both/new")])
def test_what_is_not_there_is_refused(
    cloud: Any, s3: Any, where: dict[str, str], signed: Any, kind: str, path: str
) -> None:
    for method in METHODS:
        taken = asked.TAKEN.get((method, "object" if kind == "new" else kind), ())
        for name in sorted(asked.OPERATIONS.difference(taken)):
            asking = f"{path}?{name}="
            answer = cloud.send(method, URL + asking, signed(method, asking), b"")
            known = (200, 404) if method == "GET" and name in asked.ABSENT else ()
            assert answer[0] in (405, 501, *known), (method, asking, answer)
            if method != "HEAD" and answer[0] in (405, 501):
                assert code(answer)[1] in ("MethodNotAllowed", "NotImplemented"), (method, asking, answer)
    assert [each["Key"] for each in s3.list_objects_v2(**where)["Contents"]] == ["k"]
    assert s3.get_object(**where, Key="k")["Body"].read() == b"data"


def test_two_operations_are_none(cloud: Any, s3: Any, where: dict[str, str], signed: Any) -> None:
    for asking in ("/both?acl=&tagging=", "/both/k?tagging=&uploadId=x", "/both/k?acl=&policy="):
        for method in ("GET", "PUT", "DELETE"):
            answer = code(cloud.send(method, URL + asking, signed(method, asking)))
            assert answer == (400, "InvalidArgument"), (method, asking)
    answer = code(cloud.send("PUT", f"{URL}/both/k?partNumber=1", signed("PUT", "/both/k?partNumber=1")))
    assert answer == (400, "InvalidArgument")
    assert s3.get_object(**where, Key="k")["Body"].read() == b"data"


def test_locks_are_refused(s3: Any, where: dict[str, str]) -> None:
    absent, locked = (
        ("NotImplemented", 501),
        {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2099-01-01"},
    )
    assert refused(s3.create_bucket, Bucket="locked", ObjectLockEnabledForBucket=True) == absent
    assert refused(s3.head_bucket, Bucket="locked")[1] == 404
    enabled = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    assert refused(s3.put_object_lock_configuration, **where, **enabled) == absent
    hold, key = {"Status": "ON"}, {**where, "Key": "k"}
    assert refused(s3.put_object_legal_hold, **key, LegalHold=hold) == absent
    retention = {"Mode": "COMPLIANCE", "RetainUntilDate": "2099-01-01"}
    assert refused(s3.put_object_retention, **key, Retention=retention) == absent
    for more in (locked, {"ObjectLockLegalHoldStatus": "ON"}):
        assert refused(s3.put_object, **key, Body=b"new", **more) == absent
        assert refused(s3.copy_object, **key, CopySource="both/k", MetadataDirective="REPLACE", **more) == absent
        assert refused(s3.create_multipart_upload, **key, **more) == absent
    assert s3.get_object(**key)["Body"].read() == b"data"
    assert refused(s3.get_object_retention, **key)[1] == refused(s3.get_object_legal_hold, **key)[1] == 404
