"""The project of a resource: the one in a body, and who may change resources that others can see."""

from collections.abc import Mapping
from typing import Any

from kumoi.kernel.errors import BadRequest, PolicyForbids
from kumoi.kernel.who import Who


def project_of(who: Who, asked: Mapping[str, Any]) -> str:
    """The project of a new resource. Only admins may choose another project than their own. `asked`: the body's
    fields."""
    named = [asked[key] for key in ("project_id", "tenant_id") if asked.get(key)]
    if len(set(named)) > 1:
        raise BadRequest("'project_id' and 'tenant_id' do not match")
    if not named:
        if not who.project_id:
            raise BadRequest("project_id is required: the token is not scoped to a project.")
        return who.project_id
    project_id = str(named[0])
    if project_id != who.project_id and not who.is_admin:
        raise BadRequest(
            "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin "
            "privileges"
        )
    return project_id


def owns(who: Who, row: Mapping[str, Any]) -> bool:
    return who.changes(row["project_id"])


def must_own(who: Who, row: Mapping[str, Any], rule: str) -> None:
    """For a resource (such as a shared network) that the caller may see but not change."""
    if not owns(who, row):
        raise PolicyForbids(rule)


def only_admin(who: Who, asked: Mapping[str, Any], action: str, names: Mapping[str, str]) -> None:
    """PolicyForbids with the first of `names` (field → API name) in `asked` that needs an admin."""
    if who.is_admin:
        return
    for field, name in names.items():
        if field in asked:
            raise PolicyForbids(f"{action}:{name}")
