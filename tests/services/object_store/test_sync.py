"""Container synchronization: a cloud that sends its changes to another one, which here is itself behind a port."""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kumoi.kernel import clock, events
from kumoi.kernel.reconcile import View
from kumoi.kernel.settings import Settings
from kumoi.services.object_store import realms, synced
from kumoi.services.object_store.sync import sending, sweeps, turns
from tests.cloud import OTHER_PROJECT, PROJECT, Cloud
from tests.services.object_store.door import Door, opened
from tests.services.object_store.sending import ask

OTHERS = f"/object-store/v1/AUTH_{OTHER_PROJECT}"
LARGE = bytes(range(256)) * 1000
KEY = {"X-Container-Sync-Key": "secret"}


@pytest.fixture
def door(cloud: Any) -> Iterator[Door]:
    with opened(cloud) as found:
        yield found


@pytest.fixture
def other_cloud(tmp_path: Path) -> Iterator[tuple[Any, Cloud]]:
    folder = tmp_path / "other"
    folder.mkdir()
    made = Cloud(folder, f"sqlite:///{folder / 'kumoi.db'}")
    yield partial(ask, made), made
    made.close()


def settle(cloud: Any, **settings: Any) -> None:
    cloud.api.settings = cloud.engines[Settings] = msgspec.structs.replace(cloud.api.settings, **settings)


@pytest.fixture
def realm(cloud: Any, door: Door) -> None:
    (cloud.folder.keys).mkdir(exist_ok=True)
    there = f"cluster_there = {door.url}\n"
    text = f"[east]\nkey = k1\nkey2 = k2\n{there}[west]\nkey = w\nwhole_accounts = yes\n{there}"
    (cloud.folder.keys / realms.FILE).write_text(text)


@pytest.fixture
def sweep(cloud: Any) -> Callable[[], None]:
    (cloud.folder.run).mkdir(exist_ok=True)
    return lambda: sweeps.copy(View(cloud.database, cloud.locate))


def pair(swift: Any, to: str, *, back: bool = False) -> None:
    there = {"X-Container-Sync-To": f"{to}/AUTH_{PROJECT}/a"} if back else {}
    assert swift("PUT", "/a", headers={**KEY, "X-Container-Sync-To": f"{to}/AUTH_{OTHER_PROJECT}/b"}).status == 201
    assert swift("PUT", f"{OTHERS}/b", as_="other", headers={**KEY, **there}).status == 201


def names(swift: Any, path: str, as_: str = "member") -> list[str]:
    return swift("GET", path, as_=as_).text.split()  # type: ignore[no-any-return]


def same(swift: Any) -> None:
    """Lists, with sizes, hashes and times."""
    here, there = swift("GET", "/a?format=json").json, swift("GET", f"{OTHERS}/b?format=json", as_="other").json
    assert here == there


def test_a_container_is_no_copy_of_itself(cloud: Any, swift: Any, door: Door, realm: None) -> None:
    here, other = f"AUTH_{PROJECT}", f"AUTH_{OTHER_PROJECT}"
    settle(cloud, public_url=f"http://{door.host}", container_sync_current="//EAST/there")
    assert swift("PUT", "/a%20b").status == 201
    for to in (
        f"{door.url}/{here}/a%20b", f"{door.url}/{here}/a%20b/", f"//east/THERE/{here}/a b", "//EAST/there"
    ):  # fmt: skip
        for method in ("PUT", "POST"):
            refused = swift(method, "/a%20b", headers={**KEY, "X-Container-Sync-To": to})
            assert refused.status == 400 and "is the container itself" in refused.text, to
    for to in (f"{door.url}/{here}/b", f"{door.url}/{other}/a%20b", f"//east/there/{other}/a b"):
        assert swift("POST", "/a%20b", headers={**KEY, "X-Container-Sync-To": to}).status == 204, to
    settle(cloud, container_sync_current="")
    # Another name of the same address is not known to be one.
    assert swift("POST", "/a%20b", headers={**KEY, "X-Container-Sync-To": f"//east/there/{here}/other"}).status == 204


def test_what_was_there_and_what_comes_is_sent(swift: Any, realm: None, sweep: Any) -> None:
    assert swift("PUT", "/a").status == 201
    assert (
        swift(
            "PUT", "/a/early", body=b"early", headers={"X-Object-Meta-Colour": "rot ü".encode().decode("latin-1")}
        ).status
        == 201
    )
    assert (
        swift(
            "PUT", "/a/large ü%/x", body=LARGE, headers={"Content-Type": "text/x", "X-Delete-At": "9999999999"}
        ).status
        == 201
    )
    pair_headers = {**KEY, "X-Container-Sync-To": f"//East/there/AUTH_{OTHER_PROJECT}/b"}
    assert swift("POST", "/a", headers=pair_headers).status == 204
    assert swift("PUT", f"{OTHERS}/b", as_="other", headers=KEY).status == 201
    assert float(swift("HEAD", "/a").headers["x-container-sync-lag"]) >= 0
    sweep()
    assert swift("PUT", "/a/late", body=b"late").status == 201
    assert swift("PUT", "/a/gone", body=b"gone").status == 201
    assert swift("DELETE", "/a/gone").status == 204
    sweep()
    same(swift)
    early = swift("GET", f"{OTHERS}/b/early", as_="other")
    assert early.content == b"early" and early.headers["x-object-meta-colour"].encode("latin-1").decode() == "rot ü"
    large = swift("GET", f"{OTHERS}/b/large ü%25/x", as_="other")
    assert large.content == LARGE and large.headers["x-delete-at"] == "9999999999"
    assert large.headers["x-timestamp"] == swift("HEAD", "/a/large ü%25/x").headers["x-timestamp"]
    for name in ("early", "large ü%25/x"):
        assert swift("DELETE", f"/a/{name}").status == 204
    assert swift("POST", "/a/late", headers={"X-Object-Meta-New": "new"}).status == 202
    sweep()
    assert names(swift, f"{OTHERS}/b", "other") == ["late"]
    assert swift("HEAD", f"{OTHERS}/b/late", as_="other").headers["x-object-meta-new"] == "new"
    shown = swift("HEAD", "/a").headers
    assert shown["x-container-sync-lag"] == "0.0" and shown["x-container-sync-objects-sent"] == "4"
    assert "x-container-sync-error" not in shown and shown["x-container-sync-key"] == "secret"
    assert not {"x-container-sync-lag", "x-container-sync-to"} & set(swift("HEAD", "/a", as_="reader").headers)


def test_manifests_and_links_stay_what_they_are(swift: Any, realm: None, sweep: Any) -> None:
    pair(swift, "//EAST/THERE")
    assert swift("PUT", f"{OTHERS}/a", as_="other").status == 201
    manifest = [{"path": f"/a/part{n}", "size_bytes": 1} for n in (1, 2)] + [{"data": "YWJj"}]
    for n in (1, 2):
        assert swift("PUT", f"/a/part{n}", body=str(n).encode()).status == 201
    assert swift("PUT", "/a/0static?multipart-manifest=put", body=json.dumps(manifest).encode()).status == 201
    assert swift("PUT", "/a/dynamic", headers={"X-Object-Manifest": "a/part"}).status == 201
    etag = hashlib.md5(b"1").hexdigest()
    assert (
        swift("PUT", "/a/0link", headers={"X-Symlink-Target": "a/part1", "X-Symlink-Target-Etag": etag}).status == 201
    )
    sweep()
    for n in (1, 2):
        assert swift("PUT", f"{OTHERS}/a/part{n}", as_="other", body=str(n).encode()).status == 201
    for name, content in (("0static", b"12abc"), ("dynamic", b"12"), ("0link", b"1")):
        assert swift("GET", f"{OTHERS}/b/{name}", as_="other").content == content, name
    kept = swift("GET", f"{OTHERS}/b/0static?multipart-manifest=get", as_="other").json
    assert kept == swift("GET", "/a/0static?multipart-manifest=get").json
    assert swift("HEAD", f"{OTHERS}/b/0link?symlink=get", as_="other").headers["x-symlink-target"] == "a/part1"
    listed = {each["name"]: each for each in swift("GET", f"{OTHERS}/b?format=json", as_="other").json}
    assert listed["0static"]["bytes"] == 5 and listed["0static"]["slo_etag"]


def test_two_that_send_to_each_other_come_to_rest_and_the_newest_wins(
    swift: Any, realm: None, sweep: Any, door: Door
) -> None:
    pair(swift, "//EAST/THERE", back=True)
    assert swift("PUT", "/a/1", body=b"from a").status == 201
    assert swift("PUT", f"{OTHERS}/b/2", as_="other", body=LARGE).status == 201
    assert swift("PUT", "/a/both", body=b"older").status == 201
    assert swift("PUT", f"{OTHERS}/b/both", as_="other", body=b"newer").status == 201
    sweep()
    sweep()
    same(swift)
    assert names(swift, "/a") == ["1", "2", "both"] and swift("GET", "/a/both").content == b"newer"
    assert swift("PUT", f"{OTHERS}/b/1", as_="other", body=b"again").status == 201
    assert swift("DELETE", "/a/1").status == 204
    assert swift("DELETE", f"{OTHERS}/b/2", as_="other").status == 204
    sweep()
    sweep()
    same(swift)
    assert names(swift, "/a") == ["both"]
    door.asked.clear()
    sweep()
    assert door.asked == []


def test_a_late_copy_brings_nothing_back(swift: Any, realm: None, sweep: Any, cloud: Any) -> None:
    pair(swift, "//EAST/THERE")
    stamp = synced_stamp(0)
    headers = {**KEY, "X-Timestamp": stamp}
    assert swift("PUT", f"{OTHERS}/b/x", as_="other", body=b"x").status == 201
    assert swift("DELETE", f"{OTHERS}/b/x", as_="other").status == 204
    assert swift("PUT", f"{OTHERS}/b/x", as_=None, headers=headers, body=b"late").status == 202
    assert swift("GET", f"{OTHERS}/b/x", as_="other").status == 404
    # A removal may come before the object that it removes.
    assert swift("DELETE", f"{OTHERS}/b/y", as_=None, headers={**KEY, "X-Timestamp": stamp}).status == 204
    older = {**KEY, "X-Timestamp": synced_stamp(-1)}
    assert swift("PUT", f"{OTHERS}/b/y", as_=None, headers=older, body=b"late").status == 202
    assert swift("PUT", f"{OTHERS}/b/z", as_="other", body=b"kept").status == 201
    assert swift("DELETE", f"{OTHERS}/b/z", as_=None, headers=older).status == 409
    assert names(swift, f"{OTHERS}/b", "other") == ["z"]


def synced_stamp(seconds: int) -> str:
    return f"{clock.now() // clock.SECOND + seconds}.00000"


def test_a_cloud_that_is_away_is_tried_again_and_told_of(
    swift: Any, realm: None, sweep: Any, door: Door, cloud: Any
) -> None:
    pair(swift, "//EAST/THERE")
    door.broken = True
    for n in range(40):
        assert swift("PUT", f"/a/{n}", body=b"x").status == 201
    sweep()
    assert len(door.asked) <= sending.HOPELESS + sending.AT_ONCE
    shown = swift("HEAD", "/a").headers
    assert "503" in shown["x-container-sync-error"] and float(shown["x-container-sync-lag"]) >= 0
    told = json.loads((cloud.folder.run / synced.STATUS).read_text())
    assert told[0]["container"] == f"AUTH_{PROJECT}/a" and "503" in told[0]["error"]
    door.asked.clear()
    sweep()
    assert door.asked == []  # It rests.
    door.broken = False
    with clock.using(clock.VirtualClock(clock.now() + 400 * clock.SECOND)):
        sweep()
    same(swift)
    assert "x-container-sync-error" not in swift("HEAD", "/a").headers
    kinds = [each["kind"] for each in cloud.database.read(lambda tx: events.after(tx, 0, 100))]
    assert [kind for kind in kinds if "sync" in kind] == ["container.sync.failed", "container.sync.recovered"]


def test_one_object_that_is_refused_holds_up_no_other(swift: Any, realm: None, sweep: Any, door: Door) -> None:
    pair(swift, "//EAST/THERE")
    door.refuses["/refused"] = 413
    for name in ("refused", "taken"):
        assert swift("PUT", f"/a/{name}", body=b"x").status == 201
    sweep()
    assert names(swift, f"{OTHERS}/b", "other") == ["taken"]
    assert "refused was answered 413" in swift("HEAD", "/a").headers["x-container-sync-error"]
    assert swift("PUT", "/a/after", body=b"x").status == 201
    door.refuses.clear()
    with clock.using(clock.VirtualClock(clock.now() + 400 * clock.SECOND)):
        sweep()
    same(swift)


def test_a_turn_that_ends_goes_on_where_it_was(
    swift: Any, realm: None, sweep: Any, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "BATCH", 5)
    assert swift("PUT", "/a").status == 201
    for n in range(23):
        assert swift("PUT", f"/a/{n:02}", body=LARGE[:n]).status == 201
    door.refuses["/07"] = 507
    pair_headers = {**KEY, "X-Container-Sync-To": f"//east/there/AUTH_{OTHER_PROJECT}/b"}
    assert swift("POST", "/a", headers=pair_headers).status == 204
    assert swift("PUT", f"{OTHERS}/b", as_="other", headers=KEY).status == 201
    sweep()
    assert len(names(swift, f"{OTHERS}/b", "other")) == 22
    door.refuses.clear()
    door.asked.clear()
    with clock.using(clock.VirtualClock(clock.now() + 400 * clock.SECOND)):
        sweep()
    assert len(door.asked) == 1
    same(swift)


@pytest.mark.parametrize(
    "to",
    [
        "//east",
        "//east/nowhere/x/y",
        "//no/there/x/y",
        "ftp://127.0.0.1/v1/a/c",
        "http://elsewhere/v1/a/c",
        "http://127.0.0.1",
        "x",
        "//east/there/a",
        "http://[/v1/a/c",
    ],
)
def test_addresses_that_are_none_are_refused(swift: Any, realm: None, to: str) -> None:
    for method in ("PUT", "POST"):
        swift("PUT", "/c")
        refused = swift(method, "/c", headers={**KEY, "X-Container-Sync-To": to})
        assert refused.status == 400 and "X-Container-Sync-To" in refused.text, to
    assert "x-container-sync-to" not in swift("HEAD", "/c").headers


def test_addresses_without_a_realm(swift: Any, sweep: Any, door: Door, cloud: Any) -> None:
    to = f"http://{door.host}/object-store/v1/AUTH_{OTHER_PROJECT}/b"
    assert swift("PUT", "/a", headers={**KEY, "X-Container-Sync-To": to}).status == 400
    settle(cloud, container_sync_hosts=f"other.example, {door.host}")
    pair(swift, f"http://{door.host}/object-store/v1")
    assert swift("PUT", "/a/x", body=b"x").status == 201
    sweep()
    same(swift)


def signed(method: str, path: str, key: str = "k1", user_key: str = "secret", stamp: str = "1.00000") -> dict[str, str]:
    signature = realms.signature(method, path, stamp, "nonce", key, user_key)
    return {"X-Container-Sync-Auth": f"EAST nonce {signature}", "X-Timestamp": stamp}


def test_wrong_signatures_are_401(swift: Any, realm: None) -> None:
    pair(swift, "//east/there")
    path = f"{OTHERS}/b/x"
    for wrong in (
        signed("PUT", path, key="other"), signed("PUT", path, user_key="other"), signed("PUT", path, user_key=""),
        signed("DELETE", path), signed("PUT", path + "y"), {**signed("PUT", path), "X-Timestamp": "2.00000"},
        {"X-Container-Sync-Auth": "EAST", "X-Timestamp": "1"}, {"X-Container-Sync-Auth": "NONE a b"},
        {"X-Container-Sync-Auth": "EAST a \xe9"},
    ):  # fmt: skip
        assert swift("PUT", path, as_=None, headers=wrong, body=b"x").status == 401, wrong
    wrong_key = {"X-Container-Sync-Key": "other", "X-Timestamp": "1"}
    assert swift("PUT", path, as_=None, headers=wrong_key, body=b"x").status == 401
    assert swift("PUT", path, as_=None, headers=KEY, body=b"x").status == 401
    for key in ("k1", "k2"):
        assert swift("HEAD", path, as_=None, headers=signed("HEAD", path, key)).status == 404
    for stamp in ("x", "99999999999.00000", "1e5", "-1"):
        assert swift("PUT", path, as_=None, headers=signed("PUT", path, stamp=stamp), body=b"x").status == 400, stamp
    assert swift("PUT", path, as_=None, headers=signed("PUT", path), body=b"x").status == 201
    assert swift("PUT", f"{OTHERS}/b", as_=None, headers=signed("PUT", f"{OTHERS}/b")).status == 401


def test_hidden_metadata_is_taken_with_the_realms_key_alone(swift: Any, realm: None) -> None:
    pair(swift, "//east/there")
    path = f"{OTHERS}/b/x"
    forged = {"X-Object-Sysmeta-Slo-Size": "99", "X-Object-Sysmeta-Slo-Etag": "e", "X-Static-Large-Object": "True"}
    assert swift("PUT", path, as_=None, headers={**KEY, "X-Timestamp": "1", **forged}, body=b"x").status == 201
    assert swift("PUT", path, as_="other", headers=forged, body=b"x").status == 201
    listed = swift("GET", f"{OTHERS}/b?format=json", as_="other").json
    assert listed[0]["bytes"] == 1 and swift("GET", path, as_="other").content == b"x"
    refused = swift("PUT", path, as_=None, headers={**signed("PUT", path, stamp="1999999999.0"), **forged}, body=b"x")
    assert refused.status in (400, 202)


def test_a_copy_of_whole_accounts_makes_its_containers(
    swift: Any, realm: None, sweep: Any, cloud: Any, other_cloud: Any
) -> None:
    """The operator's default: each new container has a copy in the account of the same name of another cloud."""
    swift_there, there = other_cloud
    settle(cloud, container_copies="//WEST/THERE")
    there_keys = there.folder.keys
    there_keys.mkdir(exist_ok=True)
    with opened(there) as door:
        text = f"[west]\nkey = w\nwhole_accounts = yes\ncluster_there = {door.url}\n"
        for keys in (cloud.folder.keys, there_keys):
            (keys / realms.FILE).write_text(text)
        assert (
            swift("PUT", "/new", headers={"X-Container-Meta-Colour": "red", "X-Container-Read": ".r:*"}).status == 201
        )
        assert swift("HEAD", "/new").headers["x-container-sync-to"] == "//WEST/THERE"
        assert swift("PUT", "/new/x", body=b"x").status == 201
        sweep()
        assert swift_there("GET", "/new/x").content == b"x"
        shown = swift_there("HEAD", "/new").headers
        assert shown["x-container-meta-colour"] == "red" and shown["x-container-read"] == ".r:*"
        assert "x-container-sync-to" not in shown
        assert swift("POST", "/new", headers={"X-Container-Meta-Colour": "blue"}).status == 204
        assert swift("DELETE", "/new/x").status == 204
        sweep()
        assert swift_there("GET", "/new/x").status == 404
        assert swift_there("HEAD", "/new").headers["x-container-meta-colour"] == "blue"
        # A realm without whole_accounts takes nothing by its key alone.
        (there_keys / realms.FILE).write_text(text.replace("yes", "no"))
        assert swift("PUT", "/new/y", body=b"y").status == 201
        sweep()
        assert "401" in swift("HEAD", "/new").headers["x-container-sync-error"]
        assert swift_there("GET", "/new/y").status == 404


def test_a_container_that_stops_or_goes_leaves_nothing(
    swift: Any, realm: None, sweep: Any, cloud: Any, door: Door, store: Any
) -> None:
    pair(swift, "//east/there")
    assert swift("PUT", "/a/x", body=b"x").status == 201
    assert swift("POST", "/a", headers={"X-Remove-Container-Sync-To": "x"}).status == 204
    sweep()
    assert door.asked == [] and store.read(lambda tx: tx.followers()) == []
    assert not (cloud.folder.run / synced.STATUS).exists()
    assert swift("POST", "/a", headers={"X-Container-Sync-To": f"//east/there/AUTH_{OTHER_PROJECT}/b"}).status == 204
    sweep()
    same(swift)
    assert swift("DELETE", "/a/x").status == swift("DELETE", "/a").status == 204
    sweep()
    assert store.read(lambda tx: tx.followers()) == []


def test_files_of_realms_that_cannot_be_used() -> None:
    for text in (
        "x",
        "[a]\n",
        "[a]\nkey=k\ncluster_x=nowhere",
        "[a]\nkey=k\nwhole_accounts=maybe",
        "[a]\nkey=1\nkey=2",
    ):
        with pytest.raises(realms.Invalid):
            realms.parse(text)
    found = realms.parse("[a]\nkey=%k\ncluster_x=http://h/v1/\n")["A"]
    assert found.key == "%k" and found.clusters == {"X": "http://h/v1"}
