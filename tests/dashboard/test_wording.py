"""What stands beside each form does what the form does: the commands are run, as a shell reads them, by the stock client; the
Python by the SDK; Terraform's text is parsed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.site import PUBLIC_KEY, Site, Visit
from tests.dashboard.test_every_page import FORMS, go
from tests.end_to_end.clouds import Cloud

pytestmark = pytest.mark.end_to_end
Begin = Callable[..., Visit]

TRICKY = 'it\'s "$(id)" `id` ${y} %{z} \\n 雲'
"""A name of which a shell, Terraform and Python would make something else."""
PLAIN = {"keypairs"}
"""Resources whose names hold letters only."""
LISTS = {
    "servers": "/compute/v2.1/servers", "keypairs": "/compute/v2.1/os-keypairs", "flavors": "/compute/v2.1/flavors",
    "images": "/image/v2/images", "volumes": "/volume/v3/volumes", "snapshots": "/volume/v3/snapshots",
    "networks": "/network/v2.0/networks", "subnets": "/network/v2.0/subnets", "ports": "/network/v2.0/ports",
    "routers": "/network/v2.0/routers", "security_groups": "/network/v2.0/security-groups",
    "users": "/identity/v3/users", "groups": "/identity/v3/groups", "projects": "/identity/v3/projects",
    "roles": "/identity/v3/roles", "domains": "/identity/v3/domains",
    "server_groups": "/compute/v2.1/os-server-groups", "aggregates": "/compute/v2.1/os-aggregates",
    "backups": "/volume/v3/backups", "qos_specs": "/volume/v3/qos-specs",
    "volume_types": "/volume/v3/types", "subnetpools": "/network/v2.0/subnetpools",
    "application_credentials": "/identity/v3/users/{user}/application_credentials",
}  # fmt: skip
"""Where the names are that were made."""
CLOUDS = {"demo": "kumoi-member", "admin": "kumoi"}
NAMELESS = {"ec2_credentials", "floating_ips"}
ENTERED = {
    "keypairs": {"Public key": PUBLIC_KEY},
    "users": {"Password": "a password of 雲"},
    "subnets": {"Addresses": "10.77.{number}.0/24"},
}
"""Further inputs by their labels."""
WITHOUT_TERRAFORM = {"backups", "snapshots"}
"""The provider has no resource for it."""

_RUN = """
import io, json, contextlib, getpass, sys
from openstackclient import shell

class Terminal(io.StringIO):
    def isatty(self):
        return True

# Somebody who enters what a prompt asks for.
sys.stdin, getpass.getpass = Terminal(), lambda prompt="": "a password"
for argv in json.load(open(sys.argv[1])):
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            code = shell.OpenStackShell().run(argv)
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, told.getvalue()]), flush=True)
"""


def entered(page: Page, name: str, called: str, number: int) -> None:
    """Fill in the form of a resource."""
    go(page, f"/{name}/new")
    form = page.locator(".create-inputs")
    expect(form.locator("input, textarea, select").first).to_be_visible()
    if name not in NAMELESS:
        form.get_by_label("Name").first.fill(called)
    for label, value in ENTERED.get(name, {}).items():
        form.get_by_label(label).first.fill(value.format(number=number))
    for area in form.locator("input[type=file]").all():
        area.set_input_files({"name": "disk.raw", "mimeType": "application/octet-stream", "buffer": b"x" * 512})
    if name == "images":
        form.get_by_label("Format").first.select_option("raw")
    # The first of what there is: options arrive from the API.
    for choice in form.locator("select[aria-required=true]").all():
        expect(choice.locator("option:not([value=''])").first).to_be_attached()
        if choice.input_value() == "":
            choice.select_option(index=1)


def shown(page: Page) -> dict[str, str]:
    """The text of each way."""
    found = {}
    for tab in page.locator(".command .tab").all():
        tab.click()
        expect(tab).to_have_attribute("aria-pressed", "true")
        found[tab.inner_text()] = page.locator(".command pre").inner_text()
    return found


def words(text: str, folder: Path) -> list[list[str]]:
    """The command lines of `openstack` as bash reads them; other commands are run."""
    script = 'openstack() { printf "%s\\0" "$@" >> words; printf "\\n\\0" >> words; }\n' + text
    subprocess.run(
        ["/bin/bash", "-euc", script], cwd=folder, check=True, env={"PASSWORD": "unused", "PATH": os.environ["PATH"]}
    )
    lines: list[list[str]] = [[]]
    for word in (folder / "words").read_bytes().decode().split("\0")[:-1]:
        if word == "\n":
            lines.append([])
        else:
            lines[-1].append(word)
    (folder / "words").unlink()
    return lines[:-1]


def environment(cloud: Cloud, user: str) -> dict[str, str]:
    given = {"OS_CLIENT_CONFIG_FILE": str(cloud.data / "clouds.yaml"), "OS_CLOUD": CLOUDS[user]}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OS_") and "proxy" not in key.lower()}
    return {**kept, **given, "PASSWORD": "from the environment"}


def names(site: Site, resource: str, user: str) -> list[str]:
    me = site.ask("GET", "/identity/v3/auth/tokens", user, headers={"X-Subject-Token": site.token(user)})["token"]
    answer = site.ask("GET", LISTS[resource].format(user=me["user"]["id"]), user)
    rows: list[dict[str, Any]] = next(value for value in answer.values() if isinstance(value, list))
    return [str(row.get("keypair", row)["name"]) for row in rows]


@dataclass
class Form:
    """`user`: who may fill it in. `ways`: the text of each."""

    user: str
    ways: dict[str, str]


@pytest.fixture(scope="module")
def forms(browser: Any, site: Site) -> dict[str, Form]:
    """The form of each resource. Command and Python make another name, so that both may be run."""
    site.volume("to-snapshot")
    people = {user: Visit(browser, site) for user in ("demo", "admin")}
    pages = {user: visit.sign_in(user) for user, visit in people.items()}
    found: dict[str, Form] = {}
    for number, name in enumerate(FORMS):
        go(pages["demo"], f"/{name}/new")
        user = "admin" if pages["demo"].get_by_text("There is nothing here").is_visible() else "demo"
        ways: dict[str, str] = {}
        for at, way in enumerate(("Command", "Python")):
            entered(pages[user], name, called(name, way), 2 * number + at)
            texts = shown(pages[user])
            ways[way] = texts[way]
            ways.setdefault("Terraform", texts.get("Terraform", ""))
        found[name] = Form(user, ways)
    for visit in people.values():
        visit.close()
    return found


def called(resource: str, way: str) -> str:
    return f"{way} {resource.replace('_', ' ')}" if resource in PLAIN else f"{way} {TRICKY}"


def test_every_form_has_a_command_and_terraform(forms: dict[str, Form]) -> None:
    for name, form in forms.items():
        assert form.ways["Command"].lstrip().startswith(("openstack ", "printf ")), name
        assert (form.ways["Terraform"] == "") == (name in WITHOUT_TERRAFORM), name


def test_terraform_reads_what_was_entered(forms: dict[str, Form]) -> None:
    for name, form in forms.items():
        if name in WITHOUT_TERRAFORM:
            continue
        read = hcl2.loads(form.ways["Terraform"] + "\n")
        arguments = [block for each in read["resource"] for labels in each.values() for block in labels.values()]
        quoted = [str(each["name"]) for each in arguments if "name" in each]
        assert quoted or name in NAMELESS
        for text in quoted:
            # Within the quotes: HCL's escapes are JSON's, and `$${` stands for `${`.
            plain = json.loads(text).replace("$${", "${").replace("%%{", "%{")
            assert plain == called(name, "Command"), name


@pytest.mark.parametrize("user", ["demo", "admin"])
def test_the_stock_client_does_what_the_command_says(
    forms: dict[str, Form], site: Site, cloud: Cloud, tmp_path: Path, user: str
) -> None:
    lines: list[list[str]] = []
    mine = {name: form for name, form in forms.items() if form.user == user}
    (tmp_path / "disk.raw").write_bytes(b"x" * 512)
    for form in mine.values():
        lines += words(form.ways["Command"], tmp_path)
    (tmp_path / "lines.json").write_text(json.dumps(lines))
    argv = [sys.executable, "-c", _RUN, "lines.json"]
    done = subprocess.run(argv, cwd=tmp_path, env=environment(cloud, user), text=True, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    refused = [f"{argv}: {text}" for argv, (code, text) in zip(lines, said, strict=True) if code != 0]
    assert refused == []
    for name in mine.keys() - NAMELESS:
        assert called(name, "Command") in names(site, name, user), name


@pytest.mark.parametrize("user", ["demo", "admin"])
def test_the_sdk_does_what_the_python_says(
    forms: dict[str, Form], site: Site, cloud: Cloud, tmp_path: Path, user: str
) -> None:
    mine = {name: form for name, form in forms.items() if form.user == user}
    (tmp_path / "all.py").write_text("\n\n".join(form.ways["Python"] for form in mine.values()))
    argv = [sys.executable, "all.py"]
    done = subprocess.run(argv, cwd=tmp_path, env=environment(cloud, user), text=True, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr
    for name in mine.keys() - NAMELESS:
        assert called(name, "Python") in names(site, name, user), name
