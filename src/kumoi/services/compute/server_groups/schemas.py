"""Shapes of server groups: docs.openstack.org/api-ref/compute/#server-groups-os-server-groups."""

from typing import Annotated, Literal

import msgspec

from kumoi.kernel.pagination import Limit
from kumoi.kernel.rows import Offset
from kumoi.kernel.versions import since, until
from kumoi.services.compute.server_group_rows.models import ServerGroupRow

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Hard = Literal["affinity", "anti-affinity"]
Any = Literal["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]
One = msgspec.Meta(min_length=1, max_length=1)
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,8}$")]


class ListQuery(msgspec.Struct, kw_only=True):
    all_projects: str | None = None
    limit: Limit | None = None
    offset: Offset = 0


class FirstCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Until 2.14."""

    name: Name
    policies: Annotated[list[Hard], One]


class OlderCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Until 2.63."""

    name: Name
    policies: Annotated[list[Any], One]


class Rules(msgspec.Struct, forbid_unknown_fields=True):
    max_server_per_host: Positive | msgspec.UnsetType = msgspec.UNSET


class Create(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    policy: Any
    rules: Rules | msgspec.UnsetType = msgspec.UNSET


class FirstCreateBody(msgspec.Struct, forbid_unknown_fields=True):
    server_group: FirstCreate


class OlderCreateBody(msgspec.Struct, forbid_unknown_fields=True):
    server_group: OlderCreate


class CreateBody(msgspec.Struct, forbid_unknown_fields=True):
    server_group: Create


class ServerGroup(msgspec.Struct, kw_only=True):
    id: str
    name: str
    policies: Annotated[list[str], until("2.63")]
    metadata: Annotated[dict[str, str], until("2.63")] = {}
    members: list[str]
    project_id: Annotated[str, since("2.13")]
    user_id: Annotated[str, since("2.13")]
    policy: Annotated[str, since("2.64")]
    rules: Annotated[dict[str, int], since("2.64")]


class Body(msgspec.Struct):
    server_group: ServerGroup


class ListBody(msgspec.Struct):
    server_groups: list[ServerGroup]


def server_group(row: ServerGroupRow, members: list[str]) -> ServerGroup:
    most = row["max_server_per_host"]
    return ServerGroup(
        id=row["id"], name=row["name"], policies=[row["policy"]], members=members, project_id=row["project_id"],
        user_id=row["user_id"], policy=row["policy"], rules={} if most is None else {"max_server_per_host": most},
    )  # fmt: skip
