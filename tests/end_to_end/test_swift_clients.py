"""The stock clients of object storage: `swift` of python-swiftclient, and `openstack container` and `openstack object`."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.clouds import BINARIES, Cloud, until
from tests.end_to_end.test_objects import pytestmark as pytestmark

LARGE = bytes(range(256)) * 12_000


@pytest.fixture(scope="module")
def cloud(made_clouds: list[Cloud]) -> Iterator[Cloud]:
    made = Cloud(hypervisor="fake", network="fake", services="object_store")
    made_clouds.append(made)
    made.home.joinpath("realms.conf").write_text(
        f"[EAST]\nkey = k\ncluster_here = http://127.0.0.1:{made.port}/object-store/v1/\n"
    )
    made.settings |= {"container_sync_realms": str(made.home / "realms.conf")}
    made.up()
    yield made
    assert made.audit() == []


def swift(cloud: Cloud, *words: str | Path, expect: int = 0, within: Path | None = None) -> str:
    argv = [str(BINARIES / "swift"), *map(str, words)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "ST_"))}
    auth = cloud.sdk().config.config["auth"]
    environment = {
        **kept,
        "OS_IDENTITY_API_VERSION": "3",
        **{f"OS_{key.upper()}": value for key, value in auth.items()},
    }
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, env=environment, cwd=within)
    assert done.returncode == expect, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def test_a_tree_goes_there_and_back_in_segments(cloud: Cloud, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    files = {"few": b"few", "folder/none": b"", "folder/large ü": LARGE, "a b/100%+": b"odd"}
    for name, data in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    target.mkdir()
    swift(cloud, "upload", "tree", ".", "--segment-size", "1000000", "--use-slo", "--changed", within=source)
    assert set(swift(cloud, "list", "tree").splitlines()) == set(files)
    assert len(swift(cloud, "list", "tree_segments").splitlines()) == -(-len(LARGE) // 1_000_000)
    assert f"Content Length: {len(LARGE)}" in swift(cloud, "stat", "tree", "folder/large ü")
    swift(cloud, "download", "tree", "-D", target)
    assert {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()} == files
    swift(cloud, "post", "tree", "few", "-m", "Colour:rot ü", "-H", "X-Delete-After: 1000")
    shown = swift(cloud, "stat", "tree", "few")
    assert "Meta Colour: rot ü" in shown and "X-Delete-At:" in shown
    assert "folder/" in swift(cloud, "list", "tree", "--delimiter", "/", "--prefix", "f")
    assert "4" in swift(cloud, "stat", "tree").split("Objects:")[1].splitlines()[0]
    swift(cloud, "delete", "tree", "folder/large ü")
    assert swift(cloud, "list", "tree_segments") == ""
    swift(cloud, "delete", "tree")
    assert "tree\n" not in swift(cloud, "list")


def test_signed_addresses_need_no_token(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"signed")
    swift(cloud, "upload", "signed", file, "--object-name", "file")
    swift(cloud, "post", "-m", "Temp-URL-Key:secret")
    url = (
        next(line for line in swift(cloud, "stat", "-v").splitlines() if "StorageURL" in line).split(":", 1)[1].strip()
    )
    path = url.split("/", 3)[3]
    signed = swift(cloud, "tempurl", "GET", "60", f"/{path}/signed/file", "secret").strip()
    with urllib.request.urlopen(f"http://127.0.0.1:{cloud.port}{signed}") as answer:
        assert answer.read() == b"signed" and "attachment" in answer.headers["Content-Disposition"]


def test_a_container_is_copied_to_another(cloud: Cloud, tmp_path: Path) -> None:
    """By the runner, through the front, from a file: a cloud whose realm names itself."""
    file = tmp_path / "file"
    file.write_bytes(LARGE)
    account = swift(cloud, "stat").split("Account:")[1].split()[0]
    swift(cloud, "post", "copy", "-k", "key")
    swift(cloud, "upload", "original", file, "--object-name", "large", "-H", "X-Object-Meta-Colour: red")
    swift(cloud, "post", "original", "-t", f"//EAST/HERE/{account}/copy", "-k", "key")
    until("the copy", lambda: swift(cloud, "list", "copy") == "large\n")
    assert "Meta Colour: red" in swift(cloud, "stat", "copy", "large")
    swift(cloud, "download", "copy", "large", "-o", tmp_path / "there")
    assert (tmp_path / "there").read_bytes() == LARGE
    cloud.kill("runner", "streams")
    until("the streams", lambda: "original" in swift(cloud, "list"))
    until("an upload", lambda: _uploaded(cloud, file))
    swift(cloud, "delete", "original", "large")
    until("the changes", lambda: swift(cloud, "list", "copy") == "second\n")
    rows = until("the state", lambda: [row for row in cloud.status()["copies"] if not row["lag"]])
    assert rows[0]["container"] == f"{account}/original" and rows[0]["error"] == ""


def _uploaded(cloud: Cloud, file: Path) -> bool:
    try:
        swift(cloud, "upload", "original", file, "--object-name", "second")
    except AssertionError:
        return False
    return True


def test_the_openstack_client(cloud: Cloud, tmp_path: Path) -> None:
    def asked(line: str) -> Any:
        return json.loads(cloud.openstack(f"{line} -f json"))

    file = tmp_path / "file"
    file.write_bytes(b"content")
    assert asked("container create one")[0]["container"] == "one"
    assert asked(f"object create one {file} --name folder/file")[0]["etag"]
    assert [row["Name"] for row in asked("container list")] == ["one"] or "one" in str(asked("container list"))
    assert [row["Name"] for row in asked("object list one")] == ["folder/file"]
    cloud.openstack("container set one --property colour=red")
    cloud.openstack("object set one folder/file --property colour=blue")
    assert "red" in str(asked("container show one")) and "blue" in str(asked("object show one folder/file"))
    cloud.openstack(f"object save one folder/file --file {tmp_path / 'saved'}")
    assert (tmp_path / "saved").read_bytes() == b"content"
    cloud.openstack("container unset one --property colour")
    assert "red" not in str(asked("container show one"))
    assert int(asked("object store account show")["Containers"]) >= 1
    cloud.openstack("object delete one folder/file")
    cloud.openstack("container delete one")
    assert all(row["Name"] != "one" for row in asked("container list"))
