"""Shapes of sessions."""

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.who import Who


class Named(msgspec.Struct, kw_only=True):
    id: str
    name: str
    domain_id: str | None


class Session(msgspec.Struct, kw_only=True):
    """`scope`: `project`, `domain`, `system` or `none`."""

    token: str
    expires_at: str
    scope: str
    user: Named
    project: Named | None
    domain_id: str | None
    roles: list[str]


class ShowBody(msgspec.Struct):
    session: Session


def session(token: str, who: Who) -> Session:
    project = None
    if who.project_id is not None:
        project = Named(id=who.project_id, name=who.project_name or "", domain_id=who.project_domain_id)
    return Session(
        token=token, expires_at=clock.iso_microseconds(who.expires_at, "Z"), scope=who.scope,
        user=Named(id=who.user_id, name=who.user_name, domain_id=who.user_domain_id), project=project,
        domain_id=who.domain_id, roles=sorted(who.roles),
    )  # fmt: skip
