"""`kumoi up` refuses with an explanation and a remedy, and leaves nothing running; unusual but valid cases work."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from kumoi.supervisor.starting import closed_to, program_trees
from tests.end_to_end.clouds import BINARIES, Cloud, Failed

ROOT = os.geteuid() == 0
NOBODY = 65534
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"),
]
as_root = pytest.mark.skipif(not ROOT, reason="only root can arrange this")


@pytest.fixture
def cloud(made_clouds: list[Cloud]) -> Iterator[Cloud]:
    """A cloud of fakes that is not up."""
    made = Cloud(hypervisor="fake", network="fake")
    made_clouds.append(made)
    yield made
    made_clouds.remove(made)
    made.close()


def refused(cloud: Cloud, *more: str, before: tuple[str, ...] = ()) -> str:
    """The output of `kumoi up`, which must fail with a sentence or two, without a traceback, and start nothing."""
    settings = [word for name, value in cloud.settings.items() for word in ("--set", f"{name}={value}")]
    argv = [*before, BINARIES / "kumoi", "up", "--data", cloud.data, "--port", cloud.port, *settings, *more]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=120)
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert cloud.processes() == []
    return done.stderr


def as_nobody(cloud: Cloud) -> tuple[str, ...]:
    """The command prefix of an unprivileged user who can reach the program even if it is below /root."""
    lines, way = ["set -e"], cloud.home / "way"
    for folder, trees in closed_to(NOBODY, NOBODY, program_trees()).items():
        lines += [f"mkdir -p {way}", f"mount -t tmpfs -o mode=755 none {way}"]
        for tree in trees:
            inside = way / tree.relative_to(folder)
            lines += [f"mkdir -p {inside}", f"mount --bind {tree} {inside}"]
        lines.append(f"mount --move {way} {folder}")
    arranged = "; ".join([*lines, 'exec "$@"'])
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return ("unshare", "--mount", "sh", "-c", arranged, "sh", *user)


def test_a_port_that_is_taken(cloud: Cloud) -> None:
    with socket.create_server(("127.0.0.1", cloud.port)):
        said = refused(cloud)
    assert f"port {cloud.port} cannot be had" in said
    assert "--port" in said


def test_a_path_too_long(cloud: Cloud) -> None:
    cloud.data = cloud.home / ("x" * 60)
    assert "choose a shorter path" in refused(cloud)


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("colour=blue", "colour"),
        ("hypervisor=vmware", "hypervisor"),
        ("api_workers", "NAME=VALUE"),
        ("tls_certificate=/nowhere", "tls_certificate"),
        ("api_workers=0", "api_workers"),
        ("external_interface=far too long a name", "external_interface"),
        ("address=not-an-address.invalid", "address"),
        ("password_rounds=99", "password_rounds"),
        ("host_name=", "host_name"),
        ("cloud_id=../../x", "cloud_id"),
    ],
)
def test_a_setting_that_is_none(cloud: Cloud, setting: str, word: str) -> None:
    assert word in refused(cloud, "--set", setting)


def test_a_port_that_is_none(cloud: Cloud) -> None:
    assert "port" in refused(cloud, "--port", "70000")
    assert "port" in refused(cloud, "--port", "many")


@as_root
def test_an_external_range_that_is_none(cloud: Cloud) -> None:
    cloud.settings = {}
    assert "external_cidr" in refused(cloud, "--set", "external_cidr=10.0.0.0/33")
    assert "external_cidr" in refused(cloud, "--set", "external_cidr=127.1.0.0/24")


@as_root
def test_a_missing_package(cloud: Cloud) -> None:
    nginx = str(shutil.which("nginx", path="/usr/sbin:/usr/bin"))
    hidden = ("unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {nginx} && exec "$@"', "sh")
    said = refused(cloud, before=hidden)
    assert "nginx is missing: apt-get install --no-install-recommends nginx" in said


@as_root
def test_a_full_disk(cloud: Cloud) -> None:
    cloud.data.mkdir()
    small = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=20m none {cloud.data} && exec "$@"', "sh")
    said = refused(cloud, before=small)
    assert "MiB free" in said
    assert "make room" in said


@as_root
def test_real_engines_without_root(cloud: Cloud) -> None:
    cloud.home.chmod(0o777)
    cloud.settings = {}
    said = refused(cloud, before=as_nobody(cloud))
    assert "--set hypervisor=fake --set network=fake" in said


@as_root
def test_the_folder_of_another(cloud: Cloud) -> None:
    cloud.data.mkdir(mode=0o755)
    said = refused(cloud, before=as_nobody(cloud))
    assert str(cloud.data) in said
    cloud.up()
    argv = [*as_nobody(cloud), str(BINARIES / "kumoi"), "up", "--data", str(cloud.data)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert cloud.status()["healthy"]


def test_two_at_once(cloud: Cloud) -> None:
    said: list[str] = []

    def begin() -> None:
        try:
            said.append(cloud.up())
        except Failed as error:
            said.append(str(error))

    both = [threading.Thread(target=begin) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert any("up in" in words for words in said), said
    assert all("up in" in words or "wait for it to end" in words for words in said), said
    assert cloud.status()["healthy"]
    assert "up in" in cloud.up()


def test_commands_without_a_cloud(cloud: Cloud) -> None:
    for command in ("down", "status", "audit", "logs", "restart"):
        assert f"kumoi up --data {cloud.data}" in cloud.kumoi(command, expect=1), command


def test_a_certificate_of_ones_own(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = cloud.home / "cert.pem", cloud.home / "key.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    made = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        certificate,
    )
    subprocess.run([*map(str, made), *subject], check=True, capture_output=True)
    cloud.up("--set", f"tls_certificate={certificate}", "--set", f"tls_key={key}")
    assert cloud.status()["endpoints"]["identity"] == f"https://127.0.0.1:{cloud.port}/identity/v3"
    clouds = cloud.data / "clouds.yaml"
    assert cloud.value("token issue", "id")
    clouds.write_text("".join(line for line in clouds.open() if "cacert" not in line))
    assert "CERTIFICATE_VERIFY_FAILED" in cloud.refused("token issue")
    monkeypatch.setattr(
        cloud, "environment", lambda name: {**Cloud.environment(cloud, name), "OS_CACERT": str(certificate)}
    )
    assert cloud.value("token issue", "id")


@as_root
def test_a_cloud_of_fakes_without_root(cloud: Cloud) -> None:
    before = as_nobody(cloud)
    home = cloud.home / "nobody"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    cloud.data = home / "d"
    cloud.before = before
    cloud.up()
    assert {row["user"] for row in cloud.status()["processes"]} == {"nobody"}
    image = cloud.home / "image"
    image.write_bytes(b"\0" * 4096)
    cloud.openstack(f"image create --disk-format raw --container-format bare --file {image} small")
    cloud.openstack("network create inside")
    cloud.openstack("subnet create --network inside --subnet-range 10.77.0.0/24 inside")
    cloud.openstack("server create --image small --flavor m1.tiny --network inside --wait one")
    assert cloud.server("one").status == "ACTIVE"
    cloud.openstack("server delete --wait one")
    assert cloud.audit() == []
    cloud.down()
    assert cloud.processes() == []
    assert {path.stat().st_uid for path in (home, *home.rglob("*"))} == {NOBODY}
