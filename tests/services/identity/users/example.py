"""A user as an admin makes it, and who changes the password."""

from typing import Any


def example(cloud: Any) -> tuple[str, dict[str, Any]]:
    return "/identity/v3/users", {"user": {"name": "new", "password": "new password"}}


def change_password(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = example(cloud)
    made = cloud.post(path, as_="admin", json=body)
    changed = {"original_password": "new password", "password": "another password"}
    return f"{path}/{made.json['user']['id']}/password", {"user": changed}
