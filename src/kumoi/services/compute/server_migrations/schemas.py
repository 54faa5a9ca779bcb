"""Shapes of migrations: docs.openstack.org/api-ref/compute/#migrations-os-migrations."""

from typing import Annotated

import msgspec

from kumoi.kernel import clock
from kumoi.kernel.pagination import Limit
from kumoi.kernel.versions import since
from kumoi.services.compute.migrations.models import MigrationRow


class ListQuery(msgspec.Struct, kw_only=True):
    """`hidden` has no effect, because no migration is hidden."""

    hidden: str | None = None
    host: str | None = None
    instance_uuid: str | None = None
    source_compute: str | None = None
    status: str | None = None
    migration_type: str | None = None
    limit: Annotated[Limit | None, since("2.59")] = None
    marker: Annotated[str | None, since("2.59")] = None
    changes_since: Annotated[str | None, since("2.59")] = msgspec.field(name="changes-since", default=None)
    changes_before: Annotated[str | None, since("2.66")] = msgspec.field(name="changes-before", default=None)
    user_id: Annotated[str | None, since("2.80")] = None
    project_id: Annotated[str | None, since("2.80")] = None


class Link(msgspec.Struct):
    rel: str
    href: str


class Migration(msgspec.Struct, kw_only=True):
    id: int
    uuid: Annotated[str, since("2.59")]
    status: str
    migration_type: Annotated[str, since("2.23")]
    instance_uuid: str
    source_compute: str
    source_node: str
    dest_compute: str
    dest_node: str
    dest_host: str
    old_instance_type_id: int
    new_instance_type_id: int
    created_at: str
    updated_at: str
    user_id: Annotated[str, since("2.80")]
    project_id: Annotated[str, since("2.80")]


class ListBody(msgspec.Struct, kw_only=True):
    migrations: list[Migration]
    migrations_links: Annotated[list[Link] | msgspec.UnsetType, since("2.59")] = msgspec.UNSET


def migration(row: MigrationRow) -> Migration:
    return Migration(
        id=row["number"], uuid=row["uuid"], status=row["status"], migration_type=row["migration_type"],
        instance_uuid=row["instance_uuid"], source_compute=row["source_compute"], source_node=row["source_node"],
        dest_compute=row["dest_compute"], dest_node=row["dest_node"], dest_host=row["dest_host"],
        old_instance_type_id=row["old_flavor"]["id"], new_instance_type_id=row["new_flavor"]["id"],
        created_at=clock.iso_microseconds(row["created_at"]), updated_at=clock.iso_microseconds(row["updated_at"]),
        user_id=row["user_id"], project_id=row["project_id"],
    )  # fmt: skip
