"""A whole cloud on fakes by the command line: up, used, killed, restarted, backed up, restored, down."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kumoi.cli import backups, running
from kumoi.cli.refusals import Refused
from kumoi.supervisor import world
from kumoi.supervisor.supervisor import ask
from tests.living import living
from tests.ports import free_port
from tests.waits import PATIENCE, until

PORT = free_port()
KUMOI = (sys.executable, "-c", "import sys; from kumoi.cli import main; sys.exit(main())")
pytestmark = pytest.mark.skipif(
    shutil.which("nginx", path="/usr/sbin:/usr/bin") is None, reason="nginx is not installed"
)


def kumoi(*words: str | Path, fails: bool = False) -> str:
    done = subprocess.run([*KUMOI, *map(str, words)], capture_output=True, text=True, timeout=2 * PATIENCE)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stderr if fails else done.stdout


def up(data: Path, *more: str) -> None:
    kumoi("up", "--data", data, "--port", str(PORT), "--set", "hypervisor=fake", "--set", "network=fake", *more)


def token(data: Path, cloud: str = "kumoi-member") -> httpx.Response:
    auth = yaml.safe_load((data / "clouds.yaml").read_text())["clouds"][cloud]["auth"]
    user = {"name": auth["username"], "domain": {"name": "Default"}, "password": auth["password"]}
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = {"project": {"name": auth["project_name"], "domain": {"name": "Default"}}}
    body = {"auth": {"identity": identity, "scope": scope}}
    return httpx.post(f"{auth['auth_url']}/auth/tokens", json=body, timeout=PATIENCE)


def status(data: Path) -> dict[str, Any]:
    done = subprocess.run([*KUMOI, "status", "--data", str(data), "--json"], capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == found["healthy"]
    return found


def pids(data: Path, name: str) -> set[int]:
    """Of a supervised process and its children; empty while it is not running."""
    rows: Any = ask(data, "status")["processes"]
    leader = next(row["pid"] for row in rows if row["name"] == name)
    return set(world.members(leader, str(data))) if leader else set()


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    parent = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
    parent.chmod(0o755)
    folder = parent / "cloud"
    try:
        up(folder)
        yield folder
    finally:
        subprocess.run([*KUMOI, "down", "--data", str(folder)], timeout=PATIENCE)
        shutil.rmtree(parent)


def test_it_answers_as_the_issue_says(data: Path) -> None:
    found = status(data)
    assert found["healthy"]
    paths = {kind: address.removeprefix(f"http://127.0.0.1:{PORT}") for kind, address in found["endpoints"].items()}
    as_the_issue_says = {
        "identity": "/identity/v3", "compute": "/compute/v2.1", "image": "/image/v2", "network": "/network/v2.0",
        "block_storage": "/volume/v3", "placement": "/placement", "cloud": "/kumoi/v1",
    }  # fmt: skip
    assert as_the_issue_says.items() <= paths.items()
    rows = found["processes"]
    assert {"supervisor", "standby", "agent", "runner", "api", "streams", "front"} == {row["name"] for row in rows}
    assert all(row["pid"] and row["user"] and row["pss_kib"] > 0 for row in rows)
    if os.geteuid() == 0:
        users = {row["name"]: row["user"] for row in rows}
        assert users["agent"] == "root"
        assert users["api"] == users["front"] == users["runner"] == users["streams"] == "kumoi"
    for cloud in ("kumoi", "kumoi-member", "kumoi-reader"):
        assert token(data, cloud).status_code == 201
    assert kumoi("status", "--data", data, "--ready").strip() == f"READY http://127.0.0.1:{PORT}/identity/v3"
    assert json.loads(kumoi("audit", "--data", data, "--json")) == []


def facts(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_no_process_of_the_cloud_can_gain_privileges(data: Path) -> None:
    rows = status(data)["processes"]
    none = "0" * 16
    for row in rows:
        held = facts(row["pid"])
        assert held["NoNewPrivs"] == "1", row["name"]
        if row["user"] == "kumoi":
            assert {held[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")} == {none}, row["name"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes mount namespaces")
def test_the_control_plane_can_write_where_it_must_and_nowhere_else(data: Path) -> None:
    """Not even as root, which it is not. It can write in each folder that is its own, but for the keys."""
    own = [path for path in data.iterdir() if path.is_dir() and path.owner() == "kumoi" and path.name != "keys"]
    assert {path.name for path in own} >= {"database", "images", "objects"}
    for row in status(data)["processes"]:
        if row["user"] != "kumoi":
            continue
        forbidden = (data / "keys", data, data / "log", Path("/etc"))
        for path, may in [*((path, True) for path in (data / "run", *own)), *((path, False) for path in forbidden)]:
            inside = ["nsenter", "--mount", "--root", f"--target={row['pid']}", "touch", str(path / "written")]
            done = subprocess.run(inside, capture_output=True, text=True, check=False)
            assert (done.returncode == 0) is may, (row["name"], path, done.stderr)
            assert may or "Read-only file system" in done.stderr
            (path / "written").unlink(missing_ok=True)


LARGE = b"x" * 900_000
IMAGE = "/image/v2/images/5b1f8e1c-0000-4000-8000-000000000000/file"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "expected"),
    [
        ("POST", "/compute/v2.1/servers", LARGE, {"OpenStack-API-Version": "compute 9.9"}, 406),
        ("POST", "/compute/v2.1/servers", LARGE, {"X-Auth-Token": "nobody's"}, 401),
        ("POST", "/compute/v2.1/nope", LARGE, {}, 404),
        ("PUT", "/network/v2.0/networks", LARGE, {}, 405),
        ("FOO", "/network/v2.0/networks", LARGE, {}, 405),
        ("POST", "/volume/v3/volumes", 2 * LARGE, {}, 413),
        ("PUT", IMAGE, 20 * LARGE, {"X-Auth-Token": "nobody's"}, 401),
        ("PUT", IMAGE, 20 * LARGE, {"Content-Type": "text/plain"}, 415),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_wait_for_the_body_arrives(
    data: Path, method: str, path: str, body: bytes, headers: dict[str, str], expected: int
) -> None:
    """Eight times in a row: if the API closes the connection of a client that still sends, the front reports an
    unreachable API."""
    known = {"X-Auth-Token": token(data).headers["X-Subject-Token"], "Content-Type": "application/octet-stream"}
    base = f"http://127.0.0.1:{PORT}"
    for _ in range(8):
        told = httpx.request(method, f"{base}{path}", content=body, headers={**known, **headers}, timeout=PATIENCE)
        assert told.status_code == expected, told.text
        assert told.headers["X-Openstack-Request-Id"].startswith("req-")


def test_every_request_is_a_line_of_the_log_and_no_secret_is(data: Path) -> None:
    issued = token(data)
    known = {"X-Auth-Token": issued.headers["X-Subject-Token"]}
    project = issued.json()["token"]["project"]["id"]
    base = f"http://127.0.0.1:{PORT}"

    def asked(method: str, path: str) -> tuple[httpx.Response, dict[str, Any]]:
        told = httpx.request(method, f"{base}{path}", headers=known, timeout=PATIENCE)
        request_id = told.headers["X-Openstack-Request-Id"]

        def said() -> list[dict[str, Any]]:
            lines = kumoi("logs", "--data", data, "--json", "--lines", "50", "api", "streams").splitlines()
            return [json.loads(each) for each in lines if request_id in each]

        until(said)
        (line,) = said()
        return told, line

    told, line = asked("GET", "/compute/v2.1/servers/detail?name=hush")
    assert {name: line[name] for name in ("service", "method", "path", "status", "project_id")} == {
        "service": "compute", "method": "GET", "path": "/compute/v2.1/servers/detail", "status": told.status_code,
        "project_id": project,
    }  # fmt: skip
    assert 0 < line["ms"] < 60_000 and len(line["user_id"]) == 32
    assert asked("GET", "/placement/nope")[1]["status"] == 404
    assert asked("PUT", IMAGE)[1]["room"] == "kumoi.kernel.streams"
    told, line = asked("GET", "/compute/v2.1/os-console-auth-tokens/hush")
    assert line["path"] == "/compute/v2.1/os-console-auth-tokens/***"
    asked("GET", "/compute/v2.1/console?token=hush")
    for log in (data / "log").glob("*.log"):
        assert "hush" not in log.read_text() and known["X-Auth-Token"] not in log.read_text()


def test_up_again_changes_nothing(data: Path) -> None:
    before = status(data)["processes"]
    passwords = (data / "clouds.yaml").read_text()
    up(data)
    after = status(data)["processes"]
    renewed = ("supervisor", "standby")
    kept = [row for row in before if row["name"] not in renewed]
    assert [row["pid"] for row in kept] == [row["pid"] for row in after if row["name"] not in renewed]
    assert (data / "clouds.yaml").read_text() == passwords


def test_a_second_cloud_is_refused_the_same_port(data: Path) -> None:
    other = data.parent / "other"
    said = kumoi(
        "up", "--data", other, "--port", str(PORT), "--set", "hypervisor=fake", "--set", "network=fake", fails=True
    )
    assert f"port {PORT} cannot be had" in said


def test_whatever_is_killed_comes_back(data: Path) -> None:
    for name in ("api", "streams", "runner", "front", "agent"):
        before = pids(data, name)
        for pid in before:
            with contextlib.suppress(ProcessLookupError):  # the children end with their parent
                os.kill(pid, signal.SIGKILL)
        until(lambda name=name, before=before: (now := pids(data, name)) and not now & before)  # type: ignore[misc]
    until(lambda: status(data)["healthy"])
    assert token(data).status_code == 201


def test_each_api_worker_has_a_socket_that_outlives_it(data: Path) -> None:
    """Requests wait in a dead worker's socket for its successor."""
    rows: Any = ask(data, "status")["processes"]
    parent = next(row["pid"] for row in rows if row["name"] == "api")
    before = pids(data, "api") - {parent}
    assert len(before) == 2

    def answers(number: int) -> bool:
        transport = httpx.HTTPTransport(uds=str(data / "run" / f"api-{number}.sock"))
        with httpx.Client(transport=transport, timeout=PATIENCE) as worker:
            return worker.get("http://kumoi/identity/v3").status_code == 200

    for pid in before:
        os.kill(pid, signal.SIGSTOP)
        # one worker does not answer, and the other one does
        waiting = [threading.Thread(target=answers, args=(number,)) for number in range(2)]
        for thread in waiting:
            thread.start()
        until(lambda waiting=waiting: [thread.is_alive() for thread in waiting].count(True) == 1)  # type: ignore[misc]
        os.kill(pid, signal.SIGKILL)
        until(lambda waiting=waiting: not any(thread.is_alive() for thread in waiting))  # type: ignore[misc]
        assert all(answers(number) for number in range(2))
    until(lambda: len(pids(data, "api")) == 3)
    assert parent in pids(data, "api") and not before & pids(data, "api")


def test_a_killed_supervisor_is_followed_by_itself(data: Path) -> None:
    before = pids(data, "api")
    (front,) = pids(data, "front")
    (standby,) = pids(data, "standby")
    os.kill(int(str(ask(data, "status")["supervisor"])), signal.SIGKILL)
    assert token(data).status_code == 201
    os.kill(front, signal.SIGKILL)
    until(lambda: status(data)["healthy"])
    until(lambda: (now := pids(data, "front")) and now != {front})
    until(lambda: status(data)["healthy"])
    assert ask(data, "status")["supervisor"] == standby
    assert pids(data, "api") == before
    assert token(data).status_code == 201


def test_when_nobody_was_left_to_follow_up_brings_one_that_adopts(data: Path) -> None:
    before = pids(data, "api")
    (front,) = pids(data, "front")
    (standby,) = pids(data, "standby")
    supervisor = int(str(ask(data, "status")["supervisor"]))
    os.kill(supervisor, signal.SIGSTOP)
    for pid in (standby, supervisor, front):
        os.kill(pid, signal.SIGKILL)
    up(data)
    assert pids(data, "api") == before
    assert token(data).status_code == 201
    said = (data / "log" / "supervisor.log").read_text()
    # one by the immediate restart, and one by the new plan
    assert said[said.rindex("front: started") :].count("front: ready") == 2


def test_restart_is_of_the_control_plane(data: Path) -> None:
    before = pids(data, "api")
    kumoi("restart", "--data", data)
    assert status(data)["healthy"]
    assert not pids(data, "api") & before


def test_a_new_password_is_in_clouds_yaml_at_once(data: Path) -> None:
    old = (data / "clouds.yaml").read_text()
    kumoi("reset-password", "--data", data, "--user", "reader")
    assert (data / "clouds.yaml").read_text() != old
    assert token(data, "kumoi-reader").status_code == 201
    assert "nobody" in kumoi("reset-password", "--data", data, "--user", "nobody", fails=True)


def test_probes_find_the_cloud_well(data: Path) -> None:
    assert httpx.get(f"http://127.0.0.1:{PORT}/healthz", timeout=PATIENCE).text == "OK"

    def told() -> list[str]:
        return httpx.get(f"http://127.0.0.1:{PORT}/metrics", timeout=PATIENCE).text.splitlines()

    until(lambda: "kumoi_settled 1" in told())
    assert 'kumoi_process_up{process="api"} 1' in told()


def test_logs_are_read_by_name(data: Path) -> None:
    assert "runner started" in kumoi("logs", "--data", data, "runner")
    assert "there is no log of x" in kumoi("logs", "--data", data, "x", fails=True)
    secrets = [
        cloud["auth"]["password"] for cloud in yaml.safe_load((data / "clouds.yaml").read_text())["clouds"].values()
    ]
    told = kumoi("logs", "--data", data, "--lines", "10000")
    assert not [secret for secret in secrets if secret in told]


def test_what_was_copied_while_the_supervisor_died_is_no_backup(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy_while_it_dies(*_: object) -> None:
        os.kill(int(str(ask(data, "status")["supervisor"])), signal.SIGKILL)

    monkeypatch.setattr(backups, "_copy", copy_while_it_dies)
    folder, settings = running.known(data)
    with pytest.raises(Refused, match="died meanwhile"):
        backups.backup(folder, settings, data.parent / "none.tgz")
    until(lambda: status(data)["healthy"] and pids(data, "runner"))
    assert not (data.parent / "none.tgz").exists() and not (data / "backup").exists()


def test_a_backup_is_the_same_cloud_elsewhere(data: Path) -> None:
    held = token(data).headers["X-Subject-Token"]
    file = data.parent / "backup.tgz"
    kumoi("backup", "--data", data, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert status(data)["healthy"]
    assert "exists already" in kumoi("backup", "--data", data, file, fails=True)
    assert "not empty" in kumoi("restore", "--data", data, file, fails=True)
    assert "not a backup" in kumoi("restore", "--data", data.parent / "none", Path(__file__), fails=True)
    assert not (data.parent / "none").exists()
    kumoi("down", "--data", data)
    assert living(data) == []
    copy = data.parent / "copy"
    kumoi("restore", "--data", copy, file)
    up(copy)
    try:
        headers = {"X-Auth-Token": held, "X-Subject-Token": held}
        answer = httpx.get(f"http://127.0.0.1:{PORT}/identity/v3/auth/tokens", headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200
    finally:
        kumoi("down", "--data", copy)
    up(data)


def test_down_leaves_no_process_and_up_brings_it_back(data: Path) -> None:
    kumoi("down", "--data", data)
    assert living(data) == []
    assert not status(data)["healthy"]
    assert (
        kumoi("audit", "--data", data, fails=True).strip() == f"kumoi audit: the cloud is down: kumoi up --data {data}"
    )
    done = subprocess.run([*KUMOI, "audit", "--data", str(data), "--json"], capture_output=True, text=True)
    (row,) = json.loads(done.stdout)
    assert done.returncode == 1 and "the cloud is down" in row["problem"]
    assert kumoi("down", "--data", data)
    up(data)
    assert token(data).status_code == 201
