"""What a person may set, what clouds.yaml says, which processes follow from it."""

import os
from pathlib import Path

import pytest
import yaml

from kumoi.cli import clouds, parts, running
from kumoi.cli.refusals import Refused
from kumoi.kernel import settings as settings_module
from kumoi.kernel.settings import Folder, Settings
from kumoi.supervisor import plan


def test_settings_are_typed_and_refused_by_name(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert running.changed(folder, {"port": "5001", "hypervisor": "fake"}).port == 5001
    for changes, named in (({"prot": "1"}, "prot"), ({"port": "many"}, "port"), ({"hypervisor": "xen"}, "hypervisor")):
        with pytest.raises(Refused, match=named):
            running.changed(folder, changes)


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
