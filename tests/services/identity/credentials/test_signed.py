"""Tokens for those who signed a request that another service got."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from tests.services.identity.cloud import V3, IdentityCloud
from tests.services.identity.credentials import example


def keys_of(cloud: IdentityCloud, name: str = "demo") -> dict[str, Any]:
    token = cloud.log_in(name)
    who = cloud.check(token).json["token"]
    path = f"{V3}/users/{who['user']['id']}/credentials/OS-EC2"
    found: dict[str, Any] = cloud.post(path, as_=token, json={"tenant_id": who["project"]["id"]}).json["credential"]
    return found


def test_version_1_of_s3(cloud: IdentityCloud, admin: str, member: str) -> None:
    keys = keys_of(cloud)
    said = b"GET\n\n\n\n/bucket"
    signature = base64.b64encode(hmac.digest(keys["secret"].encode(), said, hashlib.sha1)).decode()
    signed = {"access": keys["access"], "token": base64.urlsafe_b64encode(said).decode(), "signature": signature}

    def ask(as_: str | None, **changed: str) -> Any:
        return cloud.post(f"{V3}/s3tokens", as_=as_, json={"credentials": {**signed, **changed}})

    made = ask(admin)
    assert made.status_code == 200, made.text
    token = made.json["token"]
    assert (token["user"]["id"], token["project"]["id"]) == (keys["user_id"], keys["tenant_id"])
    assert token["methods"] == ["ec2credential"] and token["catalog"]
    assert cloud.check(made.headers["X-Subject-Token"]).status_code == 200
    assert ask(None).status_code == 401 and ask(member).status_code == 403
    for changed in (
        {"signature": signature[::-1]},
        {"signature": "ü"},
        {"access": "x"},
        {"token": "AAAA"},
        {"token": "ü"},
    ):
        assert ask(admin, **changed).status_code == 401, changed
    cloud.delete(f"{V3}/users/{keys['user_id']}/credentials/OS-EC2/{keys['access']}", as_=member)
    assert ask(admin).status_code == 401


def test_version_4_of_both(cloud: IdentityCloud, admin: str) -> None:
    pytest.importorskip("botocore")
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    keys = keys_of(cloud)
    request = AWSRequest("POST", "http://host:8773/services?a=b%20c", data=b"body", headers={"Host": "host:8773"})
    auth = SigV4Auth(Credentials(keys["access"], keys["secret"]), "ec2", "here")
    auth.add_auth(request)
    headers = dict(request.headers.items())
    signed = {
        "access": keys["access"], "host": "host:8773", "verb": "POST", "path": "/services", "params": {"a": "b c"},
        "headers": headers, "body_hash": hashlib.sha256(b"body").hexdigest(),
        "signature": headers["Authorization"].rpartition("=")[2],
    }  # fmt: skip

    def ask(**changed: Any) -> int:
        return int(cloud.post(f"{V3}/ec2tokens", as_=admin, json={"credentials": {**signed, **changed}}).status_code)

    assert ask() == 200
    for changed in (
        {"path": "/other"},
        {"verb": "GET"},
        {"host": "x"},
        {"params": {}},
        {"body_hash": ""},
        {"headers": {}},
    ):
        assert ask(**changed) == 401, changed


def test_what_is_old_is_refused(cloud: IdentityCloud, admin: str) -> None:
    keys = keys_of(cloud)
    for minutes, status in {0: 200, 14: 200, -14: 200, 16: 401, -16: 401}.items():
        signed = {**example.version_2(keys["secret"], minutes), "access": keys["access"]}
        asked = cloud.post(f"{V3}/ec2tokens", as_=admin, json={"credentials": signed})
        assert asked.status_code == status, minutes
    stale, _ = example.text("20200101T000000Z")
    token = base64.urlsafe_b64encode(stale.encode()).decode()
    asked = {"credentials": {"access": keys["access"], "token": token, "signature": "x"}}
    assert cloud.post(f"{V3}/s3tokens", as_=admin, json=asked).status_code == 401
