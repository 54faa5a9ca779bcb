"""The first login of a user."""

from typing import Any

from tests.services.identity.users import example as users


def issue(cloud: Any) -> tuple[str, dict[str, Any]]:
    path, body = users.example(cloud)
    assert cloud.post(path, as_="admin", json=body).status_code == 201
    user = {"name": body["user"]["name"], "password": body["user"]["password"], "domain": {"id": "default"}}
    return "/identity/v3/auth/tokens", {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
