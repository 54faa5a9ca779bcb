"""Signatures: botocore's are accepted; those that are old, garbled, revoked or for something else are not."""

import hashlib
import re
from typing import Any
from urllib.parse import quote

import pytest

from kumoi.kernel import clock
from kumoi.services.identity.facade import signing_key
from kumoi.services.s3 import asked, signatures
from kumoi.services.s3.requests import api, streams
from kumoi.services.s3.signatures import Proof
from tests.services.identity.cloud import V3

URL = "http://cloud.test/s3"


def code(answer: tuple[int, Any, bytes]) -> tuple[int, str]:
    found = re.search(rb"<Code>(\w+)</Code>", answer[2])
    return answer[0], found[1].decode() if found else ""


@pytest.fixture
def signed(keys: dict[str, Any]) -> Any:
    """`signed(method, path, body)`: the headers that botocore sends."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    def sign(method: str, path: str, body: bytes = b"", payload: str = "", **headers: str) -> dict[str, str]:
        class Auth(S3SigV4Auth):  # type: ignore[misc]
            def payload(self, request: Any) -> str:
                return payload or str(super().payload(request))

        request = AWSRequest(method, URL + path, headers=headers, data=body)
        Auth(Credentials(keys["access"], keys["secret"]), "s3", "here").add_auth(request)
        return dict(request.headers.items())

    return sign


def test_what_is_signed_is_accepted_and_nothing_else(cloud: Any, signed: Any) -> None:
    assert cloud.send("PUT", f"{URL}/b-1", signed("PUT", "/b-1"))[0] == 200
    headers = signed("PUT", "/b-1/k%20%C3%BC", b"data")
    for changed in (
        {"Authorization": headers["Authorization"][:-1] + ("0" if headers["Authorization"][-1] != "0" else "1")},
        {"Authorization": re.sub("Signature=.*", "Signature=\xe4", headers["Authorization"])},
        {"X-Amz-Date": headers["X-Amz-Date"][:-2] + ("0Z" if headers["X-Amz-Date"][-2] != "0" else "1Z")},
        {"X-Amz-Content-SHA256": hashlib.sha256(b"other").hexdigest()},
    ):  # fmt: skip
        answer = cloud.send("PUT", f"{URL}/b-1/k%20%C3%BC", {**headers, **changed}, b"data")
        assert code(answer) == (403, "SignatureDoesNotMatch"), changed
    assert code(cloud.send("PUT", f"{URL}/b-1/other", headers, b"data")) == (403, "SignatureDoesNotMatch")
    assert code(cloud.send("DELETE", f"{URL}/b-1/k%20%C3%BC", headers)) == (403, "SignatureDoesNotMatch")
    assert code(cloud.send("PUT", f"{URL}/b-1/k%20%C3%BC?acl", headers)) == (403, "SignatureDoesNotMatch")
    extra = {**headers, "x-amz-meta-more": "x"}
    assert code(cloud.send("PUT", f"{URL}/b-1/k%20%C3%BC", extra, b"data")) == (403, "AccessDenied")
    wrong = cloud.send("PUT", f"{URL}/b-1/k%20%C3%BC", headers, b"dada")
    assert code(wrong) == (400, "XAmzContentSHA256Mismatch")
    assert cloud.send("GET", f"{URL}/b-1/k%20%C3%BC", signed("GET", "/b-1/k%20%C3%BC"))[0] == 404
    assert cloud.send("PUT", f"{URL}/b-1/k%20%C3%BC", headers, b"data")[0] == 200
    assert cloud.send("GET", f"{URL}/b-1/k%20%C3%BC", signed("GET", "/b-1/k%20%C3%BC"))[2] == b"data"


def test_what_is_malformed(cloud: Any, signed: Any) -> None:
    headers = signed("GET", "/")
    for authorization, wanted in {
        "AWS4-HMAC-SHA256 Credential=a": (400, "AuthorizationHeaderMalformed"),
        "AWS4-HMAC-SHA256": (400, "AuthorizationHeaderMalformed"),
        "AWS a:b": (400, "InvalidRequest"),
        headers["Authorization"].replace("/s3/", "/ec2/"): (400, "AuthorizationHeaderMalformed"),
        headers["Authorization"].replace("Credential=", "Credential=x"): (403, "InvalidAccessKeyId"),
        headers["Authorization"].replace("=host;", "="): (403, "AccessDenied"),
        headers["Authorization"].replace("=host;", "=host;absent;"): (403, "SignatureDoesNotMatch"),
    }.items():
        assert code(cloud.send("GET", f"{URL}/", {**headers, "Authorization": authorization})) == wanted, authorization
    for name in ("X-Amz-Date", "X-Amz-Content-SHA256"):
        without = {key: value for key, value in headers.items() if key != name}
        assert cloud.send("GET", f"{URL}/", without)[0] in (400, 403)
    odd = {**headers, "X-Amz-Date": "yesterday"}
    assert cloud.send("GET", f"{URL}/", odd)[0] in (400, 403)
    assert cloud.send("GET", f"{URL}/", headers)[0] == 200


def test_no_route_answers_without_a_signature(cloud: Any) -> None:
    """Also with a token that would open Swift's door."""
    token = cloud.log_in("admin")
    for route in (*api.routes.all, *streams.routes.all):
        path = "/s3" + route.path.replace("{container}", "b-1").replace("{object:path}", "k")
        for headers in ({}, {"X-Auth-Token": token}, {"X-Auth-Token": "none"}):
            answer = cloud.send(route.method, f"http://cloud.test{path}", headers)
            if route.method == "OPTIONS":
                # The question of a browser, which nobody signs. Without an origin it is none.
                assert answer[0] == 400, path
                continue
            assert answer[0] == 403, (route.method, path)
            assert route.method == "HEAD" or code(answer) == (403, "AccessDenied")
            assert answer[1]["x-amz-request-id"].startswith("req-") and answer[1]["content-type"] == "application/xml"


def test_old_requests_are_refused(cloud: Any, signed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = signed("GET", "/")
    for minutes, wanted in {-16: 403, -14: 200, 14: 200, 16: 403}.items():
        with monkeypatch.context() as patch:
            now = clock.now() + minutes * 60 * clock.SECOND
            patch.setattr(signatures, "_now", lambda now=now: now // clock.SECOND)
            answer = cloud.send("GET", f"{URL}/", headers)
            assert answer[0] == wanted, minutes
            if wanted == 403:
                assert code(answer) == (403, "RequestTimeTooSkewed")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls(
    cloud: Any, s3: Any, keys: dict[str, Any], version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.create_bucket(Bucket="signed")
    s3.put_object(Bucket="signed", Key="a b", Body=b"data")
    client = cloud.client(keys, signature_version=version)
    where = {"Bucket": "signed", "Key": "a b"}
    url = client.generate_presigned_url("get_object", Params={**where, "ResponseContentType": "text/z"}, ExpiresIn=60)
    status, headers, data = cloud.send("GET", url, {})
    assert (status, data, headers["content-type"]) == (200, b"data", "text/z")
    assert code(cloud.send("GET", url.replace("text%2Fz", "text%2Fy"), {})) == (403, "SignatureDoesNotMatch")
    assert code(cloud.send("GET", url.replace("a%20b", "c"), {})) == (403, "SignatureDoesNotMatch")
    assert code(cloud.send("DELETE", url, {})) == (403, "SignatureDoesNotMatch")
    upload = client.generate_presigned_url("put_object", Params=where, ExpiresIn=60)
    assert cloud.send("PUT", upload, {}, b"more")[0] == 200
    assert cloud.send("GET", url, {})[2] == b"more"
    later = clock.now() // clock.SECOND + 62
    monkeypatch.setattr(signatures, "_now", lambda: later)
    assert code(cloud.send("GET", url, {})) == (403, "AccessDenied")


def test_a_url_of_version_2_is_for_nothing_besides(cloud: Any, s3: Any, keys: dict[str, Any]) -> None:
    """Its signature covers some parameters alone, so whoever holds the URL could add another."""
    where = {"Bucket": "signed"}
    s3.create_bucket(**where)
    s3.put_object(**where, Key="k", Body=b"data")
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    client = cloud.client(keys, signature_version="s3")
    urls = {
        (method, operation): client.generate_presigned_url(operation, Params={**where, **more}, ExpiresIn=60)
        for method, operation, more in (
            ("DELETE", "delete_bucket", {}), ("PUT", "create_bucket", {}), ("GET", "list_objects", {}),
            ("DELETE", "delete_object", {"Key": "k"}), ("GET", "get_object", {"Key": "k"}),
            ("PUT", "put_object", {"Key": "k"}),
        )
    }  # fmt: skip
    for (method, operation), url in urls.items():
        for name in sorted(asked.OPERATIONS):
            answer = cloud.send(method, f"{url}&{name}", {}, b"")
            assert code(answer)[0] == 403, (operation, name, answer)
    assert s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    assert s3.get_object(**where, Key="k")["Body"].read() == b"data"
    for operation in ("get_bucket_cors", "get_bucket_accelerate_configuration", "list_bucket_metrics_configurations"):
        answer = cloud.send("GET", client.generate_presigned_url(operation, Params=where, ExpiresIn=60), {})
        assert answer[0] in (200, 404), (operation, answer)


def test_who_may_not_sign_any_more(cloud: Any, s3: Any, keys: dict[str, Any]) -> None:
    admin = cloud.log_in("admin")

    def works() -> bool:
        status, _, body = cloud.send("GET", s3.generate_presigned_url("list_objects_v2", Params={"Bucket": "mine"}), {})
        assert status == 200 or code((status, {}, body)) == (403, "InvalidAccessKeyId")
        return status == 200

    s3.create_bucket(Bucket="mine")
    user, project = f"{V3}/users/{keys['user_id']}", f"{V3}/projects/{keys['tenant_id']}"
    assert works()
    for path, kind in ((user, "user"), (project, "project")):
        for enabled in (False, True):
            assert cloud.patch(path, as_=admin, json={kind: {"enabled": enabled}}).status_code == 200
            assert works() is enabled
    roles = cloud.get(f"{project}/users/{keys['user_id']}/roles", as_=admin).json["roles"]
    for role in roles:
        assert cloud.delete(f"{project}/users/{keys['user_id']}/roles/{role['id']}", as_=admin).status_code == 204
    assert not works()
    for role in roles:
        assert cloud.put(f"{project}/users/{keys['user_id']}/roles/{role['id']}", as_=admin).status_code == 204
    assert works()
    assert cloud.delete(f"{user}/credentials/OS-EC2/{keys['access']}", as_=admin).status_code == 204
    assert not works()


def chunked(
    signed: Any, keys: dict[str, Any], path: str, chunks: list[bytes], kind: str, trailers: dict[str, str]
) -> tuple[dict[str, str], bytes]:
    """(headers, body) of an upload in signed or unsigned chunks, by the description of the protocol."""
    length = str(sum(map(len, chunks)))
    more = {"x-amz-decoded-content-length": length, "content-encoding": "aws-chunked"}
    if trailers:
        more["x-amz-trailer"] = ",".join(trailers)
    headers = signed("PUT", path, payload=kind, **more)
    given = headers["Authorization"]
    scope = given.split("Credential=")[1].split(",")[0].split("/")[1:]
    before = given.split("Signature=")[1]
    proof = Proof(kind, headers["X-Amz-Date"], "/".join(scope), before, signing_key(keys["secret"], scope))
    body, empty = b"", hashlib.sha256(b"").hexdigest()
    for chunk in [*chunks, b""]:
        extension = ""
        if kind.startswith("STREAMING-AWS4"):
            digest = hashlib.sha256(chunk).hexdigest()
            before = signatures.chunk_signature(proof, "PAYLOAD", before, empty, digest)
            extension = f";chunk-signature={before}"
        body += f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    for name, value in trailers.items():
        body += f"{name}:{value}\r\n".encode()
    if trailers and kind.startswith("STREAMING-AWS4"):
        text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        digest = hashlib.sha256(text.encode()).hexdigest()
        body += f"x-amz-trailer-signature:{signatures.chunk_signature(proof, 'TRAILER', before, digest)}\r\n".encode()
    return headers, body + b"\r\n"


CRC_OF_DATA = "rfPzYw=="
KINDS = {
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": {},
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": {"x-amz-checksum-crc32": CRC_OF_DATA},
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER": {"x-amz-checksum-crc32": CRC_OF_DATA},
}


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_in_chunks(cloud: Any, s3: Any, signed: Any, keys: dict[str, Any], kind: str) -> None:
    s3.create_bucket(Bucket="chunks")
    path = f"/chunks/{quote('ü')}"
    headers, body = chunked(signed, keys, path, [b"da", b"ta"], kind, KINDS[kind])
    broken = {
        body.replace(b"\r\nta\r\n", b"\r\ntb\r\n"): {"SignatureDoesNotMatch", "BadDigest"},
        body[:-20]: {"IncompleteBody", "SignatureDoesNotMatch", "BadDigest"},
        body.replace(b"\r\nda\r\n", b"\r\ndab\r\n"): {"IncompleteBody", "SignatureDoesNotMatch"},
        b"x" * 3000: {"IncompleteBody"},
        b"zz\r\n" + body: {"IncompleteBody"},
        body + b"more": {"IncompleteBody"},
        b"": {"IncompleteBody"},
    }
    for wrong, codes in broken.items():
        answer = cloud.send("PUT", URL + path, headers, wrong)
        assert code(answer)[0] in (400, 403) and code(answer)[1] in codes, (wrong[:80], answer)
    if KINDS[kind]:
        other = chunked(signed, keys, path, [b"da", b"ta"], kind, {"x-amz-checksum-crc32": "AAAAAA=="})
        assert code(cloud.send("PUT", URL + path, *other)) == (400, "BadDigest")
    assert cloud.send("GET", URL + path, signed("GET", path))[0] == 404
    assert cloud.send("PUT", URL + path, headers, body)[0] == 200
    got = s3.get_object(Bucket="chunks", Key="ü")
    assert got["Body"].read() == b"data" and "ContentEncoding" not in got
    assert cloud.audit() == []
