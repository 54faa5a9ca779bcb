"""A whole cloud with the real authenticator; callers are named by the token that they hold."""

from pathlib import Path
from typing import Any

from kumoi import app
from kumoi.kernel.tokens import Keys
from kumoi.services.identity import facade
from tests.cloud import Cloud

V3 = "/identity/v3"
PASSWORDS = {"admin": "admin password", "demo": "demo password", "reader": "reader password"}


class IdentityCloud(Cloud):
    """`as_` is a token; `log_in` gives one."""

    def __init__(self, folder: Path, database_url: str) -> None:
        Keys.create(folder / "keys")
        super().__init__(folder, database_url, authenticator=facade.authenticator(folder / "keys"))
        self.database.write(lambda tx: app.begin_services(tx, self.settings, PASSWORDS))

    def auth(self, identity: dict[str, Any], scope: Any = None, **more: Any) -> Any:
        """The response of POST /auth/tokens."""
        auth: dict[str, Any] = {"identity": identity}
        if scope is not None:
            auth["scope"] = scope
        return self.post(f"{V3}/auth/tokens", as_=None, json={"auth": auth}, **more)

    def password(self, name: str, password: str | None = None, domain: str = "default") -> dict[str, Any]:
        """The identity part of a login by password."""
        user = {"name": name, "domain": {"id": domain}, "password": password or PASSWORDS.get(name, f"{name} password")}
        return {"methods": ["password"], "password": {"user": user}}

    def log_in(self, name: str, scope: Any = None, password: str | None = None) -> str:
        """A token; without `scope` for the user's default project."""
        response = self.auth(self.password(name, password), scope)
        assert response.status_code == 201, response.text
        return str(response.headers["X-Subject-Token"])

    def named(self, kind: str, name: str, token: str) -> str:
        """The id of a user, project … by its name."""
        found = self.get(f"{V3}/{kind}", as_=token, params={"name": name}).json[kind]
        return str(found[0]["id"])


def project(name: str, domain: str = "default") -> dict[str, Any]:
    return {"project": {"name": name, "domain": {"id": domain}}}
