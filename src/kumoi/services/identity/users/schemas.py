"""Shapes of users: docs.openstack.org/api-ref/identity/v3/#users."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from kumoi.kernel.shapes import Extensible
from kumoi.services.identity.fields import UNSET, Id, Unset
from kumoi.services.identity.listing import Itself
from kumoi.services.identity.users.models import UserRow

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\S")]
Password = Annotated[str, msgspec.Meta(max_length=4096)]


class UserCreate(msgspec.Struct, kw_only=True):
    name: Name
    domain_id: Id | None = None
    password: Password | None = None
    default_project_id: Id | None = None
    enabled: bool = True
    options: dict[str, Any] = {}


class CreateBody(msgspec.Struct):
    user: UserCreate


class UserUpdate(msgspec.Struct, kw_only=True):
    name: Name | Unset = UNSET
    domain_id: str | Unset | None = UNSET
    password: Password | Unset | None = UNSET
    default_project_id: Id | Unset | None = UNSET
    enabled: bool | Unset = UNSET
    options: dict[str, Any] | Unset = UNSET


class UpdateBody(msgspec.Struct):
    user: UserUpdate


class PasswordChange(msgspec.Struct):
    password: Password
    original_password: str


class PasswordBody(msgspec.Struct):
    user: PasswordChange


class User(Extensible, kw_only=True):
    id: str
    name: str
    domain_id: str
    enabled: bool
    options: dict[str, Any]
    password_expires_at: None
    links: Itself
    default_project_id: str | Unset = UNSET


def user(row: UserRow, link: Callable[[str], str]) -> dict[str, Any]:
    """A password never expires, and is never shown."""
    shown = {
        **row["extra"],
        "id": row["id"],
        "name": row["name"],
        "domain_id": row["domain_id"],
        "enabled": row["enabled"],
        "options": row["options"],
        "password_expires_at": None,
        "links": {"self": link(f"/users/{row['id']}")},
    }
    if row["default_project_id"]:
        shown["default_project_id"] = row["default_project_id"]
    return shown
