"""Requests that another service got, signed with the keys of a new member of a project."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from kumoi.kernel import clock
from kumoi.services.identity.facade import signing_key

V3 = "/identity/v3"
ACCESS, SECRET = "an access key", "a secret key"


def _member(cloud: Any) -> tuple[str, str]:
    """(user id, project id) of a new member of a new project."""

    def made(kind: str, **values: Any) -> str:
        answered = cloud.post(f"{V3}/{kind}s", as_="admin", json={kind: values})
        return str(answered.json[kind]["id"])

    project, user = made("project", name="signing"), made("user", name="signer", password="a password")
    roles = cloud.get(f"{V3}/roles", as_="admin", params={"name": "member"}).json["roles"]
    cloud.put(f"{V3}/projects/{project}/users/{user}/roles/{roles[0]['id']}", as_="admin")
    return user, project


def create(cloud: Any) -> tuple[str, dict[str, Any]]:
    user, project = _member(cloud)
    blob = json.dumps({"access": ACCESS, "secret": SECRET})
    values = {"type": "ec2", "blob": blob, "user_id": user, "project_id": project}
    return f"{V3}/credentials", {"credential": values}


def create_ec2(cloud: Any) -> tuple[str, dict[str, Any]]:
    user, project = _member(cloud)
    return f"{V3}/users/{user}/credentials/OS-EC2", {"tenant_id": project}


def _signer(cloud: Any) -> None:
    """A user with EC2 credentials."""
    path, body = create(cloud)
    assert cloud.post(path, as_="admin", json=body).status_code == 201


def text(at: str = "") -> tuple[str, str]:
    """(a text of version 4, its signature)."""
    at = at or datetime.fromtimestamp(clock.now() // clock.SECOND, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = [at[:8], "here", "s3", "aws4_request"]
    signed = "\n".join(("AWS4-HMAC-SHA256", at, "/".join(scope), hashlib.sha256(b"request").hexdigest()))
    return signed, hmac.digest(signing_key(SECRET, scope), signed.encode(), "sha256").hex()


def tokens_s3(cloud: Any) -> tuple[str, dict[str, Any]]:
    _signer(cloud)
    signed, signature = text()
    token = base64.urlsafe_b64encode(signed.encode()).decode()
    return f"{V3}/s3tokens", {"credentials": {"access": ACCESS, "token": token, "signature": signature}}


def tokens_ec2(cloud: Any) -> tuple[str, dict[str, Any]]:
    _signer(cloud)
    return f"{V3}/ec2tokens", {"credentials": version_2()}


def version_2(secret: str = SECRET, minutes: int = 0) -> dict[str, Any]:
    at = datetime.fromtimestamp(clock.now() // clock.SECOND + 60 * minutes, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    params = {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256", "Timestamp": at}
    query = "&".join(f"{name}={value.replace(':', '%3A')}" for name, value in sorted(params.items()))
    signature = hmac.digest(secret.encode(), f"GET\nhost\n/path\n{query}".encode(), "sha256")
    return {
        "access": ACCESS, "host": "host", "verb": "GET", "path": "/path", "params": params,
        "signature": base64.b64encode(signature).decode(),
    }  # fmt: skip
