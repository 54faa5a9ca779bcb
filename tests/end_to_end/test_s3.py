"""S3's API of a running cloud, by its stock clients: boto3, s3cmd and rclone."""

import hashlib
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.clouds import Cloud

boto3 = pytest.importorskip("boto3")
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"),
]
LARGE = bytes(range(256)) * 40_000
S3CMD = Path(sys.executable).parent / "s3cmd"


@pytest.fixture(scope="module")
def keys(made_clouds: list[Cloud]) -> Iterator[dict[str, str]]:
    """A cloud, and a pair of keys with its address."""
    cloud = Cloud(hypervisor="fake", network="fake")
    made_clouds.append(cloud)
    cloud.up()
    sdk = cloud.sdk()
    path = f"/users/{sdk.current_user_id}/credentials/OS-EC2"
    made = sdk.identity.post(path, json={"tenant_id": sdk.current_project_id}).json()["credential"]
    yield {"access": made["access"], "secret": made["secret"], "address": f"127.0.0.1:{cloud.port}"}
    assert cloud.audit() == []


@pytest.fixture(scope="module")
def s3(keys: dict[str, str]) -> Any:
    from botocore.config import Config

    return boto3.client(
        "s3", endpoint_url=f"http://{keys['address']}/s3", aws_access_key_id=keys["access"],
        aws_secret_access_key=keys["secret"], region_name="here", config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip


def big(folder: Path, size: int = 100 << 20) -> tuple[Path, str]:
    """(a file without repetition, its SHA-256)."""
    path, digest = folder / "big", hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(size >> 20):
            block = os.urandom(1 << 20)
            digest.update(block)
            file.write(block)
    return path, digest.hexdigest()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_objects_of_each_size_go_there_and_back(s3: Any) -> None:
    s3.create_bucket(Bucket="sizes")
    for key, data in {"few": b"few", "none": b"", "many": LARGE, "ü/ 100%+&=/": b"odd", "a//b/./c": b"x"}.items():
        for metadata in ({}, {"colour": "blue"}):
            made = s3.put_object(Bucket="sizes", Key=key, Body=data, Metadata=metadata, ContentType="text/x")
            got = s3.get_object(Bucket="sizes", Key=key)
            assert got["Body"].read() == data and got["ETag"] == made["ETag"] and got["Metadata"] == metadata
            assert got["ContentType"] == "text/x" and got["ContentLength"] == len(data)
            if len(data) > 2:
                part = s3.get_object(Bucket="sizes", Key=key, Range="bytes=1-2")
                assert part["Body"].read() == data[1:3]
            again = s3.get_object(Bucket="sizes", Key=key, IfMatch=made["ETag"])
            assert again["Body"].read() == data
    assert len(s3.list_objects_v2(Bucket="sizes")["Contents"]) == 5


def test_a_multipart_upload_of_100_mib(s3: Any, tmp_path: Path) -> None:
    path, digest = big(tmp_path)
    s3.create_bucket(Bucket="large")
    s3.upload_file(str(path), "large", "folder/big")
    head = s3.head_object(Bucket="large", Key="folder/big")
    assert head["ContentLength"] == 100 << 20 and head["ETag"].endswith('-13"')
    s3.download_file("large", "folder/big", str(tmp_path / "back"))
    assert sha256(tmp_path / "back") == digest
    s3.copy({"Bucket": "large", "Key": "folder/big"}, "large", "copy")
    assert s3.head_object(Bucket="large", Key="copy")["ContentLength"] == 100 << 20
    s3.delete_objects(Bucket="large", Delete={"Objects": [{"Key": "copy"}, {"Key": "folder/big"}]})
    s3.delete_bucket(Bucket="large")


def test_versions(s3: Any) -> None:
    s3.create_bucket(Bucket="versions")
    where = {"Bucket": "versions", "Key": "k"}
    s3.put_object(**where, Body=b"before")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(**where, Body=data)["VersionId"] for data in (LARGE, b"few")]
    for id, data in (("null", b"before"), (ids[0], LARGE), (ids[1], b"few")):
        got = s3.get_object(**where, VersionId=id)
        assert got["VersionId"] == id and got["Body"].read() == data
        assert s3.head_object(**where, VersionId=id)["ContentLength"] == len(data)
    marker = s3.delete_object(**where)
    assert marker["DeleteMarker"] and "Contents" not in s3.list_objects_v2(Bucket="versions")
    with pytest.raises(s3.exceptions.ClientError) as missing:
        s3.get_object(**where)
    assert missing.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    s3.delete_object(**where, VersionId=marker["VersionId"])
    assert s3.get_object(**where)["Body"].read() == b"few"
    s3.copy_object(**where, CopySource={**where, "VersionId": ids[0]})
    assert s3.get_object(**where)["Body"].read() == LARGE
    listed = s3.list_object_versions(Bucket="versions")["Versions"]
    assert [each["IsLatest"] for each in listed] == [True, False, False, False]
    done = s3.delete_objects(
        Bucket="versions",
        Delete={"Objects": [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]},
    )
    assert len(done["Deleted"]) == 4
    s3.delete_bucket(Bucket="versions")


def test_a_presigned_url_needs_no_key(s3: Any) -> None:
    s3.create_bucket(Bucket="signed")
    for data in (b"few", LARGE):
        s3.put_object(Bucket="signed", Key="k ü", Body=data)
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "k ü"})
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == data
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("signed/k", "signed/j"))
    assert refused.value.code == 403 and b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()


def test_the_front_answers_in_the_shape_of_s3(keys: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://{keys['address']}/s3/b?{'x' * 40_000}")
    assert refused.value.headers["Content-Type"] == "application/xml" and b"<Error><Code>" in refused.value.read()


@pytest.mark.skipif(not S3CMD.exists(), reason="s3cmd is not installed")
def test_s3cmd(keys: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"[default]\naccess_key = {keys['access']}\nsecret_key = {keys['secret']}\nhost_base = {keys['address']}/s3\n"
        f"host_bucket = {keys['address']}/s3\nuse_https = False\nbucket_location = here\n"
    )

    def s3cmd(*words: str) -> str:
        argv = [str(S3CMD), "-c", str(tmp_path / "config"), "--no-progress", *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    path, digest = big(tmp_path)
    s3cmd("mb", "s3://by-s3cmd")
    s3cmd("put", "--multipart-chunk-size-mb=15", str(path), "s3://by-s3cmd/big")
    s3cmd("get", "s3://by-s3cmd/big", str(tmp_path / "back"))
    assert sha256(tmp_path / "back") == digest
    assert "s3://by-s3cmd/big" in s3cmd("ls", "s3://by-s3cmd/")
    assert "104857600" in s3cmd("info", "s3://by-s3cmd/big")
    s3cmd("cp", "s3://by-s3cmd/big", "s3://by-s3cmd/copy ü")
    s3cmd("del", "s3://by-s3cmd/big", "s3://by-s3cmd/copy ü")
    s3cmd("rb", "s3://by-s3cmd")


@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")
def test_rclone(keys: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"[k]\ntype = s3\nprovider = Other\naccess_key_id = {keys['access']}\nsecret_access_key = {keys['secret']}\n"
        f"endpoint = http://{keys['address']}/s3\nforce_path_style = true\n"
    )

    def rclone(*words: str) -> str:
        argv = ["rclone", "--config", str(tmp_path / "config"), "--retries", "1", *words]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, env=kept)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    for number in range(1000):
        path = tmp_path / "tree" / f"folder {number % 10}" / f"ü {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(number * 60))
    rclone("copy", str(tmp_path / "tree"), "k:tree")
    assert "0 differences found" in rclone("check", str(tmp_path / "tree"), "k:tree")
    rclone("copy", "k:tree", str(tmp_path / "back"))
    assert "0 differences found" in rclone("check", str(tmp_path / "tree"), str(tmp_path / "back"))
    rclone("purge", "k:tree")
