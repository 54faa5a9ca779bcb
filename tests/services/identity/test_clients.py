"""The stock clients, unmodified, over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openstack
import pytest

from tests.services.identity.cloud import PASSWORDS, IdentityCloud
from tests.services.identity.loopback import serving
from tests.waits import PATIENCE

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True, scope="session")
"""One kind is sufficient: a client does not see the database."""
PROGRAM = Path(sys.executable).with_name("openstack")
COMMANDS = """\
project create --description first --tag red --property colour=blue -f json lab
project create --parent lab -f json bench
project show --parents -f json bench
project set --name lab2 lab
project list --tags red -f json
user create --project lab2 --password pass-of-ada --email ada@example -f json ada
user show -f json ada
user set --disable ada
user set --enable ada
role add --user ada --project lab2 member
role add --user ada --system all reader
role assignment list --user ada --names --effective -f json
role remove --user ada --system all reader
group create -f json crew
group add user crew ada
group contains user crew ada
user list --group crew -f json
user list --project lab2 -f json
role create -f json pilot
implied role create --implied-role reader -f json pilot
implied role list -f json
domain create -f json branch
domain set --disable branch
domain delete branch
service create --name cloudy -f json weather
endpoint create --region RegionOne -f json weather public http://weather.example
endpoint list --service weather -f json
service delete weather
region create -f json south
region list -f json
region delete south
application credential create -f json all-roles
application credential delete all-roles
application credential create --role reader -f json robot
application credential list -f json
application credential delete robot
credential create --type cert -f json admin data
credential list -f json
ec2 credentials create -f json
ec2 credentials list -f json
catalog list -f json
versions show --service identity -f json
token issue -f json
user delete ada
group delete crew
role delete pilot
project delete bench
project delete lab2
project list -f json
"""


@pytest.fixture
def url(cloud: IdentityCloud) -> Iterator[str]:
    with serving(cloud) as base_url:
        yield base_url


def environment(url: str, **more: str) -> dict[str, str]:
    said = {
        "OS_AUTH_URL": f"{url}/identity/v3",
        "OS_USERNAME": "admin",
        "OS_PASSWORD": PASSWORDS["admin"],
        "OS_PROJECT_NAME": "admin",
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_IDENTITY_API_VERSION": "3",
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    return {**own, **said, **more}


def run(url: str, commands: str, **more: str) -> str:
    """The output of one `openstack` shell for several commands. It continues after an error."""
    done = subprocess.run(
        [PROGRAM], input=commands, env=environment(url, **more), capture_output=True, text=True, timeout=3 * PATIENCE
    )
    return done.stdout.replace("(openstack) ", "") + done.stderr


def test_openstack(url: str) -> None:
    said = run(url, COMMANDS)
    for trouble in ("Exception", "error:", "Error", "Failed", "No Project", "No User", "not in group"):
        assert trouble not in said, said
    decoder, at, answers = json.JSONDecoder(), 0, []
    while (at := min((i for i in (said.find("{", at), said.find("[", at)) if i >= 0), default=-1)) >= 0:
        answer, at = decoder.raw_decode(said, at)
        answers.append(answer)
    assert len(answers) == COMMANDS.count("-f json")
    assert [project["Name"] for project in answers[-1]] == ["admin", "demo"]
    whole = next(a for a in answers if isinstance(a, dict) and a.get("Name") == "all-roles")
    assert "admin" in str(whole["Roles"]) and whole["Secret"]
    assignments = next(a for a in answers if isinstance(a, list) and a and "Inherited" in a[0])
    assert {(each["Role"], each["Project"] or each["System"]) for each in assignments} == {
        ("member", "lab2@Default"), ("reader", "lab2@Default"), ("reader", "all"),
    }  # fmt: skip


def test_openstack_as_others_and_in_other_scopes(url: str) -> None:
    demo = {"OS_USERNAME": "demo", "OS_PROJECT_NAME": "demo", "OS_PASSWORD": PASSWORDS["demo"]}
    assert '"Name": "demo"' in run(url, "project list -f json\n", **demo)
    assert "403: Client Error" in run(url, "user list\n", **demo)
    run(url, "user password set --original-password 'demo password' --password changed\n", **demo)
    assert "(HTTP 401)" in run(url, "token issue\n", **{**demo, "OS_PASSWORD": "wrong"})


def test_openstacksdk(url: str) -> None:
    def connect(**auth: str) -> openstack.connection.Connection:
        said = {"auth_url": f"{url}/identity/v3", "username": "admin", "password": PASSWORDS["admin"]}
        return openstack.connect(
            auth={**said, "user_domain_id": "default", **auth}, region_name="RegionOne", load_yaml_config=False,
            load_envvars=False,
        )  # fmt: skip

    cloud = connect(project_name="admin", project_domain_id="default")
    assert cloud.identity.find_user("demo").name == "demo"
    project = cloud.identity.create_project(name="lab", domain_id="default", description="d")
    user = cloud.identity.create_user(name="ada", password="password of ada", default_project_id=project.id)
    role = cloud.identity.find_role("member")
    cloud.identity.assign_project_role_to_user(project, user, role)
    assert cloud.identity.validate_user_has_project_role(project, user, role)
    assert [each.name for each in cloud.identity.user_projects(user)] == ["lab"]
    ada = connect(username="ada", password="password of ada", project_name="lab", project_domain_id="default")
    credential = ada.identity.create_application_credential(
        ada.current_user_id, name="robot", roles=[{"name": "reader"}]
    )
    robot = openstack.connect(
        auth_type="v3applicationcredential", load_yaml_config=False, load_envvars=False,
        auth={"auth_url": f"{url}/identity/v3", "application_credential_id": credential.id,
              "application_credential_secret": credential.secret},
    )  # fmt: skip
    assert robot.current_project_id == project.id
    system = connect(system_scope="all")
    assert {each.name for each in system.identity.users(limit=2)} >= {"admin", "demo", "reader", "ada"}
    domain = connect(domain_id="default")
    assert [each.id for each in domain.identity.domains()] == ["default"]
    cloud.identity.delete_user(user)
    cloud.identity.delete_project(project)
    assert cloud.identity.find_project("lab") is None
