"""Settings, clouds.yaml, and the processes that result from them."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml

from kumoi.cli import clouds, parts, running
from kumoi.cli.refusals import Refused
from kumoi.engines.network.fake import plugs
from kumoi.engines.network.interface import NetworkError
from kumoi.kernel import settings as settings_module
from kumoi.kernel.settings import Folder, Settings
from kumoi.supervisor import plan
from tests.ports import free_port


def test_settings_are_typed_and_refused_by_name(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert running.changed(folder, {"port": "5001", "hypervisor": "fake"}).port == 5001
    for changes, named in (({"prot": "1"}, "prot"), ({"port": "many"}, "port"), ({"hypervisor": "xen"}, "hypervisor")):
        with pytest.raises(Refused, match=named):
            running.changed(folder, changes)


def test_a_value_that_does_not_fit_is_refused_in_words(tmp_path: Path) -> None:
    changes = {"port": "99999", "accelerator": "tgc", "api_workers": "0"}
    with pytest.raises(Refused) as refused:
        running.changed(Folder(tmp_path), changes)
    assert "port: '99999' is not a whole number from 1 to 65535" in str(refused.value)
    assert "accelerator: 'tgc' is not one of auto, kvm, tcg" in str(refused.value)
    assert "api_workers: '0' is not a whole number from 1 to 64" in str(refused.value)
    assert "`" not in str(refused.value) and "$" not in str(refused.value)


def test_lost_settings_are_not_replaced_by_those_of_a_new_cloud(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.clouds.write_text("clouds:\n")
    for command in (lambda: running.known(tmp_path), lambda: running.changed(folder, {})):
        with pytest.raises(Refused, match=r"settings\.json is missing.*kumoi restore"):
            command()


def test_damaged_settings_name_the_way_back(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(Refused, match=r"settings\.json cannot be read.*kumoi restore"):
        running.known(tmp_path)


def test_settings_that_this_machine_does_not_follow_are_not_kept(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(Path(tempfile.mkdtemp(prefix="k-", dir="/tmp")))
    request.addfinalizer(lambda: shutil.rmtree(folder.data))
    monkeypatch.setattr(running, "_start_supervisor", lambda _folder: pytest.fail("it was started"))
    settings_module.save(folder, Settings(hypervisor="fake", network="fake", port=free_port()))
    before = folder.settings.read_bytes()
    settings = running.changed(folder, {"api_workers": "3"})

    def refuses(*_: object) -> None:
        raise NetworkError("external_cidr: it cannot be followed")

    monkeypatch.setattr(plugs, "prepare", refuses)
    with pytest.raises(NetworkError):
        running.up(folder, settings)
    assert folder.settings.read_bytes() == before


def test_what_a_cloud_was_made_with_stays(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    settings_module.save(folder, Settings(hypervisor="fake", port=5001))
    assert running.changed(folder, {"api_workers": "1"}).port == 5001
    with pytest.raises(Refused, match="hypervisor"):
        running.changed(folder, {"hypervisor": "qemu"})


def test_a_folder_without_a_cloud_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no cloud"):
        running.known(tmp_path / "nothing")
    (tmp_path / "settings.json").write_text('{"port": "x"}')
    with pytest.raises(Refused, match="port"):
        running.known(tmp_path)


def test_clouds_yaml_is_yaml_kept_private_and_keeps_its_passwords(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    secrets = clouds.passwords(folder.clouds)
    clouds.write(folder, Settings(port=5001), secrets)
    assert folder.clouds.stat().st_mode & 0o777 == 0o600
    assert clouds.passwords(folder.clouds) == secrets
    found = yaml.safe_load(folder.clouds.read_text())["clouds"]
    assert set(found) == {"kumoi", "kumoi-member", "kumoi-reader", "kumoi-system"}
    assert found["kumoi"]["auth"]["project_name"] == "admin"
    assert found["kumoi-reader"]["auth"] == {
        "auth_url": "http://127.0.0.1:5001/identity/v3",
        "username": "reader",
        "password": secrets["reader"],
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "project_name": "demo",
    }
    assert found["kumoi-system"]["auth"]["system_scope"] == "all"


@pytest.mark.parametrize(
    ("address", "url"),
    [("0.0.0.0", "http://127.0.0.1:5000"), ("::", "http://[::1]:5000"), ("10.0.0.7", "http://10.0.0.7:5000")],
)
def test_urls_of_a_cloud_that_listens_everywhere_can_be_used(tmp_path: Path, address: str, url: str) -> None:
    clouds.write(Folder(tmp_path), Settings(address=address), dict.fromkeys(clouds.USERS, "x"))
    assert Settings(address=address).base_url == url
    assert f'"{url}/identity/v3"' in (tmp_path / "clouds.yaml").read_text()


def test_every_process_names_its_data_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    settings = Settings(cloud_id="abcdef")
    settings_module.save(folder, settings)
    folder.run.mkdir()
    (folder.run / "nginx.conf").write_text("")
    table = parts.parts(folder, settings)
    assert all(any(str(tmp_path) in word for word in process.argv) for process in table)
    assert {process.name for process in table if process.control_plane} == {
        "agent",
        "api",
        "runner",
        "streams",
        "front",
    }
    front = next(process for process in table if process.name == "front")
    assert front.layer == max(process.layer for process in table)


def test_changed_settings_change_the_processes_that_read_them(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.run.mkdir()
    (folder.run / "nginx.conf").write_text("")
    tables = []
    for rounds in (10, 10, 11):
        settings = Settings(cloud_id="abcdef", hypervisor="fake", network="fake", password_rounds=rounds)
        settings_module.save(folder, settings)
        tables.append({process.name: plan.fingerprint(process) for process in parts.parts(folder, settings)})
    assert tables[0] == tables[1]
    changed = {name for name in tables[1] if tables[1][name] != tables[2][name]}
    assert changed == {"agent", "api", "runner", "streams"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's front gives its rights away")
def test_a_low_port_gives_the_front_that_right_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    settings = Settings(cloud_id="abcdef", hypervisor="fake", network="fake", port=443)
    settings_module.save(folder, settings)
    folder.run.mkdir()
    (folder.run / "nginx.conf").write_text("")
    front = next(process for process in parts.parts(folder, settings) if process.name == "front")
    assert front.argv[0] == "setpriv"
    assert "--reuid=kumoi" in front.argv
