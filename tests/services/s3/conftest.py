"""A cloud with real identity, and boto3 whose requests reach it in this process."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kumoi.engines.objects.fake import FakeObjects
from kumoi.engines.objects.interface import ObjectStore
from kumoi.kernel.tokens import Keys
from kumoi.services.identity import facade as identity
from kumoi.services.identity.bootstrap import bootstrap
from tests.cloud import Cloud
from tests.services.identity.cloud import PASSWORDS, V3, hashes
from tests.services.object_store.sending import CHANGES, file_of, streamed


class S3Cloud(Cloud):
    """`ec2(user)` makes EC2 credentials; `client(keys)` is boto3 with them; `send` sends a request as the front does."""

    def __init__(self, folder: Path) -> None:
        Keys.create(folder / "keys")
        check = identity.authenticator(folder / "keys")
        super().__init__(folder, f"sqlite:///{folder / 'kumoi.db'}", authenticator=check)
        self.database.write(lambda tx: bootstrap(tx, self.settings, hashes(PASSWORDS)))

    def log_in(self, name: str) -> str:
        user = {"name": name, "domain": {"id": "default"}, "password": PASSWORDS[name]}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}}
        return str(self.post(f"{V3}/auth/tokens", as_=None, json={"auth": auth}).headers["X-Subject-Token"])

    def ec2(self, name: str = "demo") -> dict[str, Any]:
        token = self.log_in(name)
        who = self.get(f"{V3}/auth/tokens", as_=token, headers={"X-Subject-Token": token}).json["token"]
        path = f"{V3}/users/{who['user']['id']}/credentials/OS-EC2"
        made = self.post(path, as_=token, json={"tenant_id": who["project"]["id"]})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json["credential"]
        return found

    def client(self, keys: dict[str, Any], **config: Any) -> Any:
        import boto3
        from botocore.awsrequest import AWSResponse
        from botocore.config import Config

        config = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 1}, **config}
        client = boto3.client(
            "s3", endpoint_url="http://cloud.test/s3", aws_access_key_id=keys["access"],
            aws_secret_access_key=keys["secret"], region_name="here", config=Config(**config),
        )  # fmt: skip

        def send(request: Any, **_: Any) -> Any:
            body = request.body
            data = body.read() if hasattr(body, "read") else body or b""
            headers = {
                name: value.decode() if isinstance(value, bytes) else str(value)
                for name, value in request.headers.items()
            }
            answer = self.send(request.method, request.url, headers, data.encode() if isinstance(data, str) else data)
            return AWSResponse(request.url, answer[0], answer[1], _Raw(answer[2]))

        client.meta.events.register("before-send.s3", send)
        return client

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, Any, bytes]:
        """(status, headers, bytes that the client gets)."""
        parts = urlsplit(url)
        more: dict[str, Any] = {"host": parts.netloc, "query_string": parts.query}
        path = parts.path
        if method in CHANGES:
            if not any(name.lower() == "content-length" for name in headers):
                headers["Content-Length"] = str(len(body))
            answer = streamed(self, method, path, headers, body=body, **more)
            return answer.status_code, answer.headers, answer.content
        answer = self.http.simulate_request(method, path, headers=headers, **more)
        place = answer.headers.get("x-accel-redirect")
        if place == "@object_streams":
            answer = streamed(self, method, path, headers, **more)
        elif place:
            data = file_of(self, place).read_bytes()
            return answer.status_code, {**answer.headers, "content-length": str(len(data))}, data
        return answer.status_code, answer.headers, answer.content


class _Raw(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


@pytest.fixture(params=["fake", "disk"])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[S3Cloud]:
    pytest.importorskip("boto3")
    made = S3Cloud(tmp_path)
    if request.param == "fake":
        made.engines[ObjectStore] = FakeObjects(made.folder.objects)
    yield made
    made.close()


@pytest.fixture
def keys(cloud: S3Cloud) -> dict[str, Any]:
    return cloud.ec2()


@pytest.fixture
def s3(cloud: S3Cloud, keys: dict[str, Any]) -> Any:
    return cloud.client(keys)
