"""Signed images: only bytes with the right signature are kept."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.x509.oid import NameOID

from kumoi.engines.images.interface import ImageStore
from kumoi.kernel.settings import Settings
from tests.services.image.sending import IMAGES, RAW, create, send
from tests.services.image.website import Website

ID = "3b1e4c0a-9a56-4c3e-8d61-0d3d5f3f4a11"
RSA = rsa.generate_private_key(65537, 2048)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.MAX_LENGTH)


def certify(folder: Path, key: Any, days: int = 1) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
        .sign(RSA, hashes.SHA256())
    )
    (folder / f"{ID}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(autouse=True)
def certificates(cloud: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "certificates"
    folder.mkdir()
    for settings in (cloud.settings, cloud.locate(Settings)):
        settings.image_certificates = str(folder)
    certify(folder, RSA)
    return folder


def signed(signature: bytes, kind: str = "RSA-PSS", method: str = "SHA-256", **more: str) -> dict[str, str]:
    return {
        "img_signature": base64.b64encode(signature).decode(), "img_signature_hash_method": method,
        "img_signature_key_type": kind, "img_signature_certificate_uuid": ID, **more,
    }  # fmt: skip


RIGHT = signed(RSA.sign(RAW, PSS, hashes.SHA256()))


def lying(cloud: Any) -> list[str]:
    return list(cloud.engines[ImageStore].inventory())


@pytest.mark.parametrize("what", ["file", "stage"])
def test_the_right_signature(cloud: Any, what: str) -> None:
    image_id = create(cloud, **RIGHT).json["id"]
    refused = send(cloud, image_id, RAW + b"!", what=what)
    assert refused.status_code == 400 and "signature verification failed" in refused.text
    assert cloud.get(f"{IMAGES}/{image_id}").json["status"] == "queued" and lying(cloud) == []
    assert list(cloud.folder.images.iterdir()) == []
    assert send(cloud, image_id, RAW, what=what).status_code == 204
    assert cloud.get(f"{IMAGES}/{image_id}").json["status"] == ("active" if what == "file" else "uploading")
    assert lying(cloud) == [image_id] and cloud.audit() == []


@pytest.mark.parametrize(
    ("key", "kind", "method"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "ECC_SECP384R1", hashes.SHA384()),
        (ec.generate_private_key(ec.SECP521R1()), "ECC_SECP521R1", hashes.SHA512()),
        (dsa.generate_private_key(1024), "DSA", hashes.SHA224()),
    ],
)
def test_other_kinds_of_keys(cloud: Any, certificates: Path, key: Any, kind: str, method: Any) -> None:
    certify(certificates, key)
    signature = key.sign(RAW, method if kind == "DSA" else ec.ECDSA(method))
    named = f"SHA-{method.name.removeprefix('sha')}"
    image_id = create(cloud, **signed(signature, kind, named)).json["id"]
    assert send(cloud, image_id, RAW + b"!").status_code == 400
    assert send(cloud, image_id, RAW).status_code == 204


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"img_signature_hash_method": "MD5"}, "img_signature_hash_method"),
        ({"img_signature_key_type": "RSA"}, "img_signature_key_type is none of"),
        ({"img_signature_key_type": "DSA"}, "no key of the type DSA"),
        ({"img_signature": "no base64!"}, "not in base64"),
        ({"img_signature_certificate_uuid": "../../etc/passwd"}, "no UUID"),
        ({"img_signature_certificate_uuid": "3b1e4c0a-9a56-4c3e-8d61-0d3d5f3f4a12"}, "there is no certificate"),
    ],
)
def test_what_cannot_be_verified_is_refused(cloud: Any, more: dict[str, str], told: str) -> None:
    image_id = create(cloud, **{**RIGHT, **more}).json["id"]
    refused = send(cloud, image_id, RAW)
    assert refused.status_code == 400 and told in refused.text
    assert cloud.get(f"{IMAGES}/{image_id}").json["status"] == "queued"
    assert list(cloud.folder.images.iterdir()) == [] and cloud.audit() == []


def test_a_certificate_that_is_not_valid(cloud: Any, certificates: Path) -> None:
    certify(certificates, RSA, days=-1)
    image_id = create(cloud, **RIGHT).json["id"]
    assert "not valid now" in send(cloud, image_id, RAW).text
    (certificates / f"{ID}.pem").write_text("no certificate")
    assert "cannot be read" in send(cloud, image_id, RAW).text


def test_an_image_without_all_properties_is_not_verified(cloud: Any) -> None:
    some = {name: value for name, value in RIGHT.items() if name != "img_signature_key_type"}
    assert send(cloud, create(cloud, **some).json["id"], RAW + b"!").status_code == 204


def test_a_download_is_verified(cloud: Any) -> None:
    site = Website()
    for settings in (cloud.settings, cloud.locate(Settings)):
        settings.web_download_hosts, settings.web_download_ports = "127.0.0.1", str(site.port)
    for data, status in ((RAW + b"!", "queued"), (RAW, "active")):
        image_id = create(cloud, **RIGHT).json["id"]
        method = {"name": "web-download", "uri": site.put("/x", data)}
        assert cloud.post(f"{IMAGES}/{image_id}/import", json={"method": method}).status_code == 202
        cloud.settle(60.0)
        assert cloud.get(f"{IMAGES}/{image_id}").json["status"] == status
        if status == "queued":
            (task,) = cloud.get(f"{IMAGES}/{image_id}/tasks").json["tasks"]
            assert "signature verification failed" in task["message"] and lying(cloud) == []
    assert cloud.audit() == []
    site.close()
