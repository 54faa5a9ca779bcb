"""Identity with its real authenticator. Callers use real tokens."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kumoi.kernel import epochs
from kumoi.kernel.database import Transaction, metadata
from kumoi.kernel.tokens import Keys
from kumoi.services.identity import facade, passwords
from kumoi.services.identity.bootstrap import bootstrap
from kumoi.services.identity.service import SERVICE
from tests.cloud import Cloud

V3 = "/identity/v3"
PASSWORDS = {"admin": "admin password", "demo": "demo password", "reader": "reader password"}


def contents(tx: Transaction) -> dict[sa.Table, list[dict[str, Any]]]:
    """Every row of identity."""
    tables = [table for name, table in metadata.tables.items() if name.startswith(SERVICE.tables)]
    return {table: tx.all(table.select()) for table in tables}


def hashes(of: dict[str, str]) -> dict[str, Callable[[], str]]:
    """As a new cloud's users get them, but quick."""
    return {user: partial(passwords.hashed, password, 4) for user, password in of.items()}


class IdentityCloud(Cloud):
    """`as_` is a token; `log_in` returns one."""

    def __init__(self, folder: Path, database_url: str) -> None:
        Keys.create(folder / "keys")
        check = facade.authenticator(folder / "keys")
        super().__init__(folder, database_url, services=[SERVICE], authenticator=check)
        self.database.write(lambda tx: bootstrap(tx, self.settings, hashes(PASSWORDS)))
        self._first = self.database.read(contents)

    def begin_anew(self) -> None:
        """Reset to the initial state, with a new epoch."""

        def restore(tx: Transaction) -> None:
            for table, rows in self._first.items():
                tx.execute(table.delete())
                tx.insert_many(table, rows)
            epochs.advance(tx, "identity")

        self.database.write(restore, durable=False)

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

    def made(self, path: str, token: str, **values: Any) -> dict[str, Any]:
        """The resource that POST created: `made("users", token, name="x")`."""
        kind = path.rsplit("/", 1)[-1]
        one = {"services": "service"}.get(kind, kind.removesuffix("s"))
        response = self.post(f"{V3}/{path}", as_=token, json={one: values})
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json[one]
        return found

    def user(self, name: str, token: str, **values: Any) -> dict[str, Any]:
        """A user whose password is `{name} password`."""
        return self.made("users", token, name=name, password=f"{name} password", **values)

    def give(self, token: str, role: str, user_id: str, target: str) -> None:
        """`target`: `/projects/{id}`, `/domains/{id}` or `/system`."""
        path = f"{V3}{target}/users/{user_id}/roles/{self.named('roles', role, token)}"
        assert self.put(path, as_=token).status_code == 204

    def check(self, token: str, subject: str | None = None, **more: Any) -> Any:
        """The response of GET /auth/tokens about `subject`, by default the token itself."""
        return self.get(f"{V3}/auth/tokens", as_=token, headers={"X-Subject-Token": subject or token}, **more)

    def named(self, kind: str, name: str, token: str) -> str:
        """The id of a user, project … by its name."""
        found = self.get(f"{V3}/{kind}", as_=token, params={"name": name}).json[kind]
        return str(found[0]["id"])


def project(name: str, domain: str = "default") -> dict[str, Any]:
    return {"project": {"name": name, "domain": {"id": domain}}}
