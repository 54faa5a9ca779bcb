"""The query of lists of servers."""

from typing import Annotated

import msgspec

from kumoi.kernel.pagination import Limit
from kumoi.kernel.queries import FlagText, IntText, TimeText, WayText
from kumoi.kernel.versions import since


class ListQuery(msgspec.Struct, kw_only=True):
    """Parameters that are not here are ignored until 2.74 and refused since 2.75."""

    name: str | None = None
    status: list[str] = []
    image: str | None = None
    flavor: str | None = None
    host: str | None = None
    node: str | None = None
    hypervisor_hostname: str | None = None
    ip: str | None = None
    ip6: str | None = None
    changes_since: TimeText | None = msgspec.field(name="changes-since", default=None)
    changes_before: Annotated[TimeText | None, since("2.66")] = msgspec.field(name="changes-before", default=None)
    all_tenants: FlagText | None = None
    project_id: str | None = None
    tenant_id: str | None = None
    user_id: str | None = None
    deleted: FlagText | None = None
    soft_deleted: FlagText | None = None
    uuid: str | None = None
    hostname: str | None = None
    description: str | None = None
    availability_zone: str | None = None
    access_ip_v4: str | None = None
    access_ip_v6: str | None = None
    config_drive: FlagText | None = None
    key_name: str | None = None
    created_at: TimeText | None = None
    launched_at: TimeText | None = None
    terminated_at: TimeText | None = None
    power_state: IntText | None = None
    task_state: str | None = None
    vm_state: str | None = None
    progress: IntText | None = None
    reservation_id: str | None = None
    launch_index: IntText | None = None
    root_device_name: str | None = None
    instance_name: str | None = None
    instance_type_id: str | None = None
    auto_disk_config: str | None = None
    disk_config: str | None = None
    kernel_id: str | None = None
    ramdisk_id: str | None = None
    image_ref: str | None = None
    display_name: str | None = None
    display_description: str | None = None
    locked_by: str | None = None
    ephemeral_gb: IntText | None = None
    root_gb: IntText | None = None
    memory_mb: IntText | None = None
    vcpus: IntText | None = None
    not_tags: Annotated[str | None, since("2.26")] = msgspec.field(name="not-tags", default=None)
    tags: Annotated[str | None, since("2.26")] = None
    tags_any: Annotated[str | None, since("2.26")] = msgspec.field(name="tags-any", default=None)
    not_tags_any: Annotated[str | None, since("2.26")] = msgspec.field(name="not-tags-any", default=None)
    locked: Annotated[FlagText | None, since("2.73")] = None
    sort_key: list[str] = []
    sort_dir: list[WayText] = []
    limit: Limit | None = None
    marker: str | None = None
