"""The stock clients, unmodified, over HTTP, with the identity service's own tokens."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest

from kumoi import app
from kumoi.kernel.tokens import Keys
from kumoi.services.identity import facade
from tests.cloud import Cloud
from tests.replies import Checked
from tests.services.block_storage.world import differences, fake
from tests.services.identity.cloud import hashes
from tests.services.identity.loopback import serving
from tests.waits import PATIENCE

PROGRAM = Path(sys.executable).with_name("openstack")
COMMANDS = """\
volume create --size 1 --property a=b --description first -f json one
volume create --size 1 --type default -f json two
volume set --name uno --property c=d --size 2 one
volume unset --property c uno
volume set --bootable --read-only two
volume set --image-property os=linux two
volume unset --image-property os two
volume list --long -f json
volume show two -f json
volume snapshot create --volume uno -f json snap
volume snapshot set --name shot --property x=y snap
volume snapshot list --long -f json
volume set --state available two
volume create --snapshot shot -f json three
volume create --source two -f json four
volume type create --private --property k=v -f json gold
volume type set --project demo --property k2=v2 gold
volume type unset --project demo --property k gold
volume type show gold -f json
volume type list --default -f json
volume type delete gold
volume service list --long -f json
volume backend pool list --long -f json
volume summary -f json
availability zone list --volume -f json
quota set --volumes 20 --gigabytes 500 admin
quota show --volume --usage -f json
quota delete --volume admin
limits show --absolute -f json
block storage resource filter list -f json
volume attachment list -f json
versions show --service volumev3 -f json
volume delete --purge uno
volume delete two three four
volume list -f json
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """With its bootstrap and its own tokens."""
    Keys.create(tmp_path / "keys")
    check = facade.authenticator(tmp_path / "keys")
    made = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", authenticator=check)
    users = hashes({"admin": "admin", "demo": "demo"})
    made.database.write(lambda tx: app.begin_services(tx, made.settings, users))
    yield made
    made.close()


@pytest.fixture
def url(cloud: Any) -> Iterator[str]:
    """Operations are executed before the next reply."""
    plain, one = Checked(cloud.api), threading.Lock()

    def prompt(environment: Any, start: Any) -> Any:
        with one:
            cloud.settle()
            return plain(environment, start)

    with serving(cloud, prompt) as base_url:
        yield base_url


def run(url: str, commands: str, user: str) -> str:
    """The output of one `openstack` shell for several commands. It continues after an error."""
    said = {
        "OS_AUTH_URL": f"{url}/identity/v3", "OS_USERNAME": user, "OS_PASSWORD": user, "OS_PROJECT_NAME": user,
        "OS_USER_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_ID": "default", "OS_IDENTITY_API_VERSION": "3",
    }  # fmt: skip
    own = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    done = subprocess.run(
        [PROGRAM], input=commands, env={**own, **said}, capture_output=True, text=True, timeout=3 * PATIENCE
    )  # fmt: skip
    return done.stdout.replace("(openstack) ", "") + done.stderr


def test_openstack(cloud: Any, url: str) -> None:
    said = run(url, COMMANDS, "admin")
    for trouble in ("Exception", "error:", "Failed", "failed", "No Volume", "not an openstack command"):
        assert trouble not in said, said
    decoder, at, answers = json.JSONDecoder(), 0, []
    while (at := min((i for i in (said.find("{", at), said.find("[", at)) if i >= 0), default=-1)) >= 0:
        answer, at = decoder.raw_decode(said, at)
        answers.append(answer)
    assert len(answers) == COMMANDS.count("-f json")
    listed = next(answer for answer in answers if isinstance(answer, list))
    assert {each["Name"]: each["Size"] for each in listed} == {"uno": 2, "two": 1}
    assert {each["Status"] for each in answers[-1]} <= {"deleting"}
    cloud.settle()
    assert differences(cloud) == [] and fake(cloud).inventory().volumes == []


def test_openstack_as_another(url: str) -> None:
    said = run(url, "volume create --size 1 -f json mine\nvolume service list\nvolume type create x\n", "demo")
    assert '"name": "mine"' in said and said.count("403: Client Error") == 2
    assert "mine" not in run(url, "volume list\n", "admin")
    assert "mine" in run(url, "volume list --all-projects\n", "admin")


def test_openstacksdk(cloud: Any, url: str) -> None:
    auth = {"auth_url": f"{url}/identity/v3", "username": "demo", "password": "demo", "user_domain_id": "default"}
    connection = openstack.connect(
        auth={**auth, "project_name": "demo", "project_domain_id": "default"}, region_name="RegionOne",
        load_yaml_config=False, load_envvars=False,
    )  # fmt: skip
    volumes = connection.block_storage
    volume = volumes.wait_for_status(
        volumes.create_volume(size=1, name="v", metadata={"a": "b"}), interval=0.1, wait=60
    )
    assert volume.status == "available" and volume.is_bootable is False and volumes.find_volume("v").id == volume.id
    snapshot = volumes.wait_for_status(volumes.create_snapshot(volume_id=volume.id, name="s"), interval=0.1, wait=60)
    volumes.extend_volume(volume, 2)
    volume = volumes.wait_for_status(volume, interval=0.1, wait=60)
    assert volumes.get_volume(volume).size == 2
    assert volumes.set_volume_metadata(volume, c="d").metadata == {"c": "d"}
    assert volumes.get_volume_metadata(volume).metadata == {"a": "b", "c": "d"}
    assert [each.id for each in volumes.volumes(status="available", limit=1)] == [volume.id]
    assert volumes.get_limits().absolute.total_gigabytes_used == 3
    assert volumes.get_quota_set(connection.current_project_id, usage=True).usage["volumes"] == 1
    volumes.delete_snapshot(snapshot)
    volumes.wait_for_delete(snapshot, interval=0.1, wait=60)
    volumes.delete_volume(volume)
    volumes.wait_for_delete(volume, interval=0.1, wait=60)
    assert connection.list_volumes() == []
    made = connection.create_volume(1, name="cloud layer", wait=True)
    assert connection.delete_volume(made.id, wait=True)
    fake(cloud).fail_next("create", "the disk is full")
    with pytest.raises(openstack.exceptions.SDKException, match="error"):
        connection.create_volume(1, wait=True)
