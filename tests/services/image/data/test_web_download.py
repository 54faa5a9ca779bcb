"""Imports from web servers: whole or not at all, and never from inside the cloud."""

import base64
import ipaddress
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kumoi.engines.images import web
from kumoi.engines.images.interface import ImageStore
from kumoi.kernel import operations, quotas
from kumoi.kernel.settings import Settings
from kumoi.services.image.downloads import fetching
from tests.services.image.sending import IMAGES, RAW, create, qcow2
from tests.services.image.website import Website


@pytest.fixture
def site(cloud: Any) -> Iterator[Website]:
    made = Website()
    allow(cloud, made)
    yield made
    made.close()
    for key in list(fetching._running):
        wait_until(lambda key=key: fetching.end(key))  # type: ignore[misc]


def wait_until(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.01)


def allow(cloud: Any, site: Website, hosts: str = "127.0.0.0/8") -> None:
    for settings in (cloud.settings, cloud.locate(Settings)):
        settings.web_download_hosts, settings.web_download_ports = hosts, str(site.port)


def bring_in(cloud: Any, image_id: str, uri: str, **more: Any) -> Any:
    body = {"method": {"name": "web-download", "uri": uri}, **more}
    return cloud.post(f"{IMAGES}/{image_id}/import", json=body)


def shown(cloud: Any, image_id: str) -> Any:
    return cloud.get(f"{IMAGES}/{image_id}").json


def lying(cloud: Any) -> list[str]:
    return [path.name for path in cloud.folder.images.iterdir()]


def failed(cloud: Any, image_id: str) -> str:
    """Why the last import failed. Nothing is left of it."""
    cloud.settle(60.0)
    image = shown(cloud, image_id)
    assert (image["status"], image["size"], image["checksum"]) == ("queued", None, None)
    assert image["os_glance_failed_import"] == "files" and image["os_glance_importing_to_stores"] == ""
    assert lying(cloud) == [] and cloud.audit() == []
    events = cloud.get(f"/kumoi/v1/events?resource=image/{image_id}", as_="admin")
    return str(events.text)


@pytest.mark.parametrize(("disk_format", "data"), [("raw", RAW), ("qcow2", qcow2()), ("raw", b"")])
def test_an_image_comes_from_the_web(cloud: Any, site: Website, disk_format: str, data: bytes) -> None:
    image_id = create(cloud, disk_format=disk_format).json["id"]
    assert bring_in(cloud, image_id, site.put("/one.img", data)).status_code == 202
    assert shown(cloud, image_id)["status"] == "importing"
    cloud.settle(60.0)
    image = shown(cloud, image_id)
    assert (image["status"], image["size"], image["stores"]) == ("active", len(data), "files")
    assert cloud.engines[ImageStore].open(image_id).read() == data
    assert image["os_glance_importing_to_stores"] == "" and image["os_glance_failed_import"] == ""
    ((path, headers),) = site.asked
    assert path == "/one.img" and headers["accept-encoding"] == "identity" and "x-auth-token" not in headers
    assert cloud.audit() == []


def test_into_every_store(cloud: Any, site: Website) -> None:
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, site.put("/one", RAW), all_stores=True).status_code == 202
    assert shown(cloud, image_id)["os_glance_importing_to_stores"] == "files,objects"
    cloud.settle(60.0)
    assert shown(cloud, image_id)["stores"] == "files,objects" and cloud.audit() == []


def test_redirects_are_followed_and_names_resolved(cloud: Any, site: Website) -> None:
    allow(cloud, site, "localhost")
    site.put("/end", RAW)
    site.put("/first", b"", status=302, Location=f"http://localhost:{site.port}/end")
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, f"http://localhost:{site.port}/first").status_code == 202
    cloud.settle(60.0)
    assert shown(cloud, image_id)["status"] == "active"
    assert [path for path, _ in site.asked] == ["/first", "/end"]


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/shadow", "ftp://example.org/x", "x", "http://", "http://[::1", "//example.org/x", "",
        "http://127.0.0.1:{port}/x", "http://[::1]:{port}/x", "http://169.254.169.254:{port}/latest",
        "http://10.0.0.1:{port}/x", "http://[::ffff:10.0.0.1]:{port}/x", "http://[fe80::1%25lo]:{port}/x",
        "http://172.24.4.9:{port}/x", "http://0.0.0.0:{port}/x", "http://224.0.0.1:{port}/x",
        "http://[64:ff9b::a00:1]:{port}/x", "http://[2002:a00:1::]:{port}/x", "http://93.184.216.34:22/x",
        "http://user:{port}@10.0.0.1:{port}/x", "http://a\nb:{port}/x",
    ],
)  # fmt: skip
def test_what_may_not_be_asked(cloud: Any, site: Website, uri: str) -> None:
    """Refused before anything is sent."""
    allow(cloud, site, "")
    image_id = create(cloud).json["id"]
    refused = bring_in(cloud, image_id, uri.replace("{port}", str(site.port)))
    assert refused.status_code == 400, refused.text
    assert shown(cloud, image_id)["status"] == "queued" and site.asked == []


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433"])
def test_a_name_of_an_address_inside_is_refused(cloud: Any, site: Website, name: str) -> None:
    """The text tells nothing. What it means is checked before the connection."""
    allow(cloud, site, "")
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, f"http://{name}:{site.port}/x").status_code == 202
    assert "belongs to this cloud" in failed(cloud, image_id) and site.asked == []


def test_a_redirect_inside_is_refused(cloud: Any, site: Website) -> None:
    inside = Website()
    inside.put("/secret", RAW)
    allow(cloud, site, "localhost")
    for target in (f"http://127.0.0.1:{site.port}/secret", "http://169.254.169.254/latest", "file:///etc/shadow",
                   f"http://localhost:{inside.port}/secret"):  # fmt: skip
        site.put("/first", b"", status=307, Location=target)
        image_id = create(cloud).json["id"]
        assert bring_in(cloud, image_id, f"http://localhost:{site.port}/first").status_code == 202
        assert "could not be downloaded" in failed(cloud, image_id)
    assert inside.asked == [] and {path for path, _ in site.asked} == {"/first"}
    inside.close()


def test_a_circle_of_redirects_ends(cloud: Any, site: Website) -> None:
    site.put("/round", b"", status=302, Location="/round")
    image_id = create(cloud).json["id"]
    bring_in(cloud, image_id, f"http://127.0.0.1:{site.port}/round")
    assert "redirects more than" in failed(cloud, image_id) and len(site.asked) == 6


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("status 404", {"status": 404}),
        ("disk_format is qcow2", {}),
        ("another encoding", {"Content_Encoding": "gzip"}),
    ],
)
def test_what_is_no_image_is_refused(cloud: Any, site: Website, told: str, answer: dict[str, Any]) -> None:
    image_id = create(cloud, disk_format="qcow2").json["id"]
    assert bring_in(cloud, image_id, site.put("/x", RAW, **answer)).status_code == 202
    assert told in failed(cloud, image_id)
    assert bring_in(cloud, image_id, site.put("/y", qcow2())).status_code == 202
    cloud.settle(60.0)
    assert shown(cloud, image_id)["status"] == "active", "another try is welcome"


def test_a_server_that_ends_early_is_asked_again(cloud: Any, site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = site.put("/x", RAW, Content_Length=str(len(RAW) + 1))
    image_id = create(cloud).json["id"]
    bring_in(cloud, image_id, uri)
    assert "could not be downloaded" in failed(cloud, image_id)
    assert len(site.asked) == 5


@pytest.mark.parametrize("promised", [{}, {"Content_Length": ""}])
def test_too_large_for_the_quota_or_the_setting(cloud: Any, site: Website, promised: dict[str, str]) -> None:
    """Also if the server does not say how much comes."""
    data = bytes(3 << 20)
    image_id = create(cloud).json["id"]
    cloud.settings.web_download_size = 2
    bring_in(cloud, image_id, site.put("/x", data, **promised))
    assert "larger than the 2 MiB" in failed(cloud, image_id)
    cloud.settings.web_download_size = 10
    project = shown(cloud, image_id)["owner"]
    cloud.database.write(lambda tx: quotas.set_limit(tx, "image", "image_size_total", project, 1))
    bring_in(cloud, image_id, site.put("/x", data, **promised))
    assert "larger than the 1 MiB" in failed(cloud, image_id)
    cloud.database.write(lambda tx: quotas.set_limit(tx, "image", "image_size_total", project, 0))
    assert bring_in(cloud, image_id, site.put("/x", data)).status_code == 413


def test_passwords_are_sent_and_not_shown(cloud: Any, site: Website, caplog: pytest.LogCaptureFixture) -> None:
    image_id = create(cloud).json["id"]
    uri = site.put("/x", RAW).replace("http://", "http://ann:s%65cret@") + "?signature=hidden"
    assert bring_in(cloud, image_id, uri).status_code == 202
    cloud.settle(60.0)
    assert shown(cloud, image_id)["status"] == "active"
    ((path, headers),) = site.asked
    assert path == "/x?signature=hidden"
    assert headers["authorization"] == "Basic " + base64.b64encode(b"ann:secret").decode()
    stored = cloud.database.read(lambda tx: str(tx.rows(operations.operations)))
    for text in (stored, caplog.text, cloud.get("/kumoi/v1/events", as_="admin").text):
        assert "cret" not in text and "hidden" not in text


def test_only_a_queued_image_is_filled(cloud: Any, site: Website) -> None:
    uri = site.put("/x", RAW)
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, uri).status_code == 202
    assert bring_in(cloud, image_id, uri).status_code == 409
    cloud.settle(60.0)
    assert bring_in(cloud, image_id, uri).status_code == 409
    bare = cloud.post(IMAGES, json={"name": "one"}).json["id"]
    assert bring_in(cloud, bare, uri).status_code == 409
    assert cloud.post(f"{IMAGES}/{bare}/import", json={"method": {"name": "web-download"}}).status_code == 400


def test_a_deletion_ends_the_download(cloud: Any, site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    """The download begins only when the deletion has removed all bytes, and leaves none."""
    image_id = create(cloud).json["id"]
    look_after = fetching.look_after

    def deleted_first(key: str, owner: str | None, work: Any) -> Any:
        def later(download: fetching.Download) -> Any:
            assert cloud.delete(f"{IMAGES}/{image_id}").status_code == 204
            until = time.monotonic() + 60
            while cloud.database.read(lambda tx: operations.active_on(tx, f"image/{image_id}")):
                assert time.monotonic() < until
                time.sleep(0.01)
            return work(download)

        return look_after(key, owner, later)

    monkeypatch.setattr(fetching, "look_after", deleted_first)
    assert bring_in(cloud, image_id, site.put("/x", RAW)).status_code == 202
    cloud.settle(60.0)
    for download in list(fetching._running.values()):
        assert download.wait(60.0)
    cloud.settle(60.0)
    assert cloud.get(f"{IMAGES}/{image_id}").status_code == 404
    assert lying(cloud) == [] and cloud.audit() == []


def limit_seconds(cloud: Any, seconds: int) -> None:
    for settings in (cloud.settings, cloud.locate(Settings)):
        settings.web_download_seconds = seconds


@pytest.mark.parametrize("part", ["body", "headers", "nothing"])
def test_a_slow_server_meets_the_limit_of_time(cloud: Any, site: Website, part: str) -> None:
    limit_seconds(cloud, 1)
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, site.put_slow("/slow", part)).status_code == 202
    assert "takes longer than 1 s" in failed(cloud, image_id)
    assert site.left.wait(60.0), "the connection is closed"


@pytest.mark.parametrize("part", ["body", "nothing"])
def test_a_slow_download_ends_when_nobody_needs_it(
    cloud: Any, site: Website, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(web, "SECONDS", 3600.0)
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, site.put_slow("/slow", part)).status_code == 202
    wait_until(lambda: cloud.settle(0.1) or bool(site.asked))
    assert cloud.delete(f"{IMAGES}/{image_id}").status_code == 204
    monkeypatch.setattr(fetching, "FORSAKEN_SECONDS", 0.0)
    assert site.left.wait(120.0), "the connection is closed"
    wait_until(lambda: all(each.is_forsaken for each in fetching._running.values()))
    cloud.settle(60.0)
    assert lying(cloud) == [] and cloud.audit() == []


def test_one_project_leaves_room_for_others(cloud: Any, site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST", 4)
    monkeypatch.setattr(fetching, "MOST_OF_ONE", 2)
    for number in range(5):
        uri = site.put_slow(f"/slow{number}")
        assert bring_in(cloud, create(cloud).json["id"], uri).status_code == 202
    wait_until(lambda: cloud.settle(0.1) or len(site.asked) == 2)
    body = {"method": {"name": "web-download", "uri": site.put("/x", RAW)}}
    image_id = create(cloud, as_="other").json["id"]
    assert cloud.post(f"{IMAGES}/{image_id}/import", as_="other", json=body).status_code == 202
    wait_until(lambda: cloud.settle(0.1) or cloud.get(f"{IMAGES}/{image_id}", as_="other").json["status"] == "active")
    assert len([path for path, _ in site.asked if path.startswith("/slow")]) == 2


def test_addresses_may_hold_letters_of_every_language(cloud: Any, site: Website) -> None:
    site.put("/caf%C3%A9", b"", status=302, Location="/th\u00e9")
    site.put("/th%E9", RAW)
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, f"http://127.0.0.1:{site.port}/café?name=é%20/").status_code == 202
    cloud.settle(60.0)
    assert shown(cloud, image_id)["status"] == "active"
    assert [path for path, _ in site.asked] == ["/caf%C3%A9?name=%C3%A9%20/", "/th%E9"]
    sent = web._encoded(urlsplit("https://\u00e9:x@b\u00fccher.example:443/a"))
    assert web._without_secrets(sent) == "https://xn--bcher-kva.example:443/a"


def certified(folder: Path, *names: x509.GeneralName) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the file of its certificate, which it signed itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "self")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=3))
        .not_valid_after(datetime.now(UTC) + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context, certificate


@pytest.mark.parametrize(
    ("name", "trusted", "told"),
    [
        (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), True, ""),
        (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), False, "self-signed certificate"),
        (x509.DNSName("elsewhere.example"), True, "IP address mismatch"),
    ],
)
def test_certificates_are_verified(
    cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: x509.GeneralName, trusted: bool, told: str
) -> None:
    tls, certificate = certified(tmp_path, name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    site = Website(tls)
    allow(cloud, site)
    uri = site.put("/x", RAW).replace("http:", "https:")
    image_id = create(cloud).json["id"]
    assert bring_in(cloud, image_id, uri).status_code == 202
    if told:
        reason = failed(cloud, image_id)
        assert "CERTIFICATE_VERIFY_FAILED" in reason and told in reason and site.asked == []
    else:
        cloud.settle(60.0)
        assert shown(cloud, image_id)["status"] == "active"
    site.close()
