"""Writes `<data>/clouds.yaml`, the configuration of OpenStack clients for this cloud, with passwords."""

import re
from pathlib import Path

from kumoi.front import configuration
from kumoi.kernel import durable, randomness
from kumoi.kernel.settings import Folder, Settings

USERS = ("admin", "demo", "reader")

_CLOUDS = (
    ("kumoi", "admin", "project_name: admin"),
    ("kumoi-member", "demo", "project_name: demo"),
    ("kumoi-reader", "reader", "project_name: demo"),
    ("kumoi-system", "admin", "system_scope: all"),
)


def passwords(path: Path) -> dict[str, str]:
    """User → password as the file has them, new ones for the users that it lacks."""
    text = path.read_text() if path.exists() else ""
    known = dict(re.findall(r'username: "(.*)"\n +password: "(.*)"', text))
    return {user: known.get(user) or randomness.new_secret(16) for user in USERS}


def write(folder: Folder, settings: Settings, secrets: dict[str, str]) -> None:
    """Replace the file durably, readable only by its owner. The passwords exist nowhere else; the tables have only
    hashes."""
    text = "clouds:\n" + "".join(_cloud(folder, settings, secrets, *row) for row in _CLOUDS)
    durable.replace(folder.clouds, text.encode())


def _cloud(folder: Folder, settings: Settings, secrets: dict[str, str], name: str, user: str, scope: str) -> str:
    project = '      project_domain_name: "Default"\n' if scope.startswith("project") else ""
    trust = f'    cacert: "{configuration.certificate(folder)}"\n' if settings.tls_certificate else ""
    return (
        f"  {name}:\n"
        f"    auth:\n"
        f'      auth_url: "{settings.base_url}/identity/v3"\n'
        f'      username: "{user}"\n'
        f'      password: "{secrets[user]}"\n'
        f'      user_domain_name: "Default"\n'
        f"{project}"
        f"      {scope}\n"
        f'    region_name: "{settings.region}"\n'
        f"    identity_api_version: 3\n"
        f"{trust}"
    )
