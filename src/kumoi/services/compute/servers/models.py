"""The tables of servers; their states as data, and how the API's `status` follows from them."""

from enum import IntEnum, StrEnum
from typing import Any, TypedDict

import sqlalchemy as sa

from kumoi.engines.hypervisor.interface import GuestState
from kumoi.kernel.database import Instant, Table, metadata
from kumoi.services.compute.flavors.models import FlavorCopy


class VmState(StrEnum):
    BUILDING = "building"
    ACTIVE = "active"
    STOPPED = "stopped"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    RESIZED = "resized"
    """Its resize waits to be confirmed or reverted. Its power state says whether it runs."""
    RESCUED = "rescued"
    """It runs from another image."""
    SHELVED = "shelved"
    """Its root disk is in an image too."""
    SHELVED_OFFLOADED = "shelved_offloaded"
    """It is on no host."""
    ERROR = "error"
    DELETED = "deleted"


class TaskState(StrEnum):
    """The active task of a server. It is set exactly while an operation holds the server."""

    SCHEDULING = "scheduling"
    SPAWNING = "spawning"
    POWERING_ON = "powering-on"
    POWERING_OFF = "powering-off"
    REBOOTING = "rebooting"
    REBOOTING_HARD = "rebooting_hard"
    PAUSING = "pausing"
    UNPAUSING = "unpausing"
    SUSPENDING = "suspending"
    RESUMING = "resuming"
    DELETING = "deleting"
    REBUILDING = "rebuilding"
    REBUILD_SPAWNING = "rebuild_spawning"
    RESIZE_PREP = "resize_prep"
    RESIZE_MIGRATING = "resize_migrating"
    RESIZE_FINISH = "resize_finish"
    RESIZE_REVERTING = "resize_reverting"
    IMAGE_SNAPSHOT = "image_snapshot"
    IMAGE_UPLOADING = "image_uploading"
    IMAGE_BACKUP = "image_backup"
    SHELVING = "shelving"
    SHELVING_IMAGE_UPLOADING = "shelving_image_uploading"
    SHELVING_OFFLOADING = "shelving_offloading"
    UNSHELVING = "unshelving"
    RESCUING = "rescuing"
    UNRESCUING = "unrescuing"


class PowerState(IntEnum):
    NOSTATE = 0
    RUNNING = 1
    PAUSED = 3
    SHUTDOWN = 4
    CRASHED = 6
    SUSPENDED = 7


STATUS = {
    VmState.BUILDING: "BUILD",
    VmState.ACTIVE: "ACTIVE",
    VmState.STOPPED: "SHUTOFF",
    VmState.PAUSED: "PAUSED",
    VmState.SUSPENDED: "SUSPENDED",
    VmState.RESIZED: "VERIFY_RESIZE",
    VmState.RESCUED: "RESCUE",
    VmState.SHELVED: "SHELVED",
    VmState.SHELVED_OFFLOADED: "SHELVED_OFFLOADED",
    VmState.ERROR: "ERROR",
    VmState.DELETED: "DELETED",
}
"""The status of a server whose task is not shown."""

STATUS_WHILE = {
    (VmState.ACTIVE, TaskState.REBOOTING): "REBOOT",
    (VmState.ACTIVE, TaskState.REBOOTING_HARD): "HARD_REBOOT",
    (VmState.STOPPED, TaskState.REBOOTING_HARD): "HARD_REBOOT",
    (VmState.PAUSED, TaskState.REBOOTING_HARD): "HARD_REBOOT",
    (VmState.SUSPENDED, TaskState.REBOOTING_HARD): "HARD_REBOOT",
    (VmState.ERROR, TaskState.REBOOTING_HARD): "HARD_REBOOT",
    (VmState.RESIZED, TaskState.RESIZE_REVERTING): "REVERT_RESIZE",
    **{
        (vm_state, task_state): "REBUILD"
        for vm_state in (VmState.ACTIVE, VmState.STOPPED, VmState.ERROR)
        for task_state in (TaskState.REBUILDING, TaskState.REBUILD_SPAWNING)
    },
    **{
        (vm_state, task_state): "RESIZE"
        for vm_state in (VmState.ACTIVE, VmState.STOPPED)
        for task_state in (TaskState.RESIZE_PREP, TaskState.RESIZE_MIGRATING, TaskState.RESIZE_FINISH)
    },
}
"""The status of a server whose task is shown."""

KNOWN_STATUSES = frozenset(
    (*STATUS.values(), *STATUS_WHILE.values(), "MIGRATING", "PASSWORD", "SOFT_DELETED", "UNKNOWN")
)  # fmt: skip
"""Every status of the API; those that Kumoi has no action for match no server."""

TRANSIENT_VM_STATES = frozenset({VmState.BUILDING})
"""A server in one of these states, or with a task state, has an active operation."""

PROGRESS_STATUSES = frozenset({"ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"})

AT_REST = {
    VmState.ACTIVE: GuestState.RUNNING,
    VmState.STOPPED: GuestState.OFF,
    VmState.PAUSED: GuestState.PAUSED,
    VmState.SUSPENDED: GuestState.SUSPENDED,
    VmState.SHELVED: GuestState.OFF,
}
"""The state of the guest when the server has no active task."""

OF_POWER = {PowerState.RUNNING: GuestState.RUNNING, PowerState.SHUTDOWN: GuestState.OFF}
"""The state of the guest of a server whose vm_state does not say whether it runs."""
KEEPS_VM_STATE = frozenset({VmState.RESIZED, VmState.RESCUED})
"""The vm_states in which a guest that starts or ends changes only the power state."""

RELEASES_DEVICES = frozenset({GuestState.RUNNING, GuestState.OFF, GuestState.FAILED})
"""Guests that can release a device. Others must be resumed first."""

CHANGEABLE = RELEASES_DEVICES | {GuestState.PAUSED}
"""Guests whose devices can be changed."""

OF_GUEST = {
    GuestState.RUNNING: (VmState.ACTIVE, PowerState.RUNNING),
    GuestState.OFF: (VmState.STOPPED, PowerState.SHUTDOWN),
    GuestState.PAUSED: (VmState.PAUSED, PowerState.PAUSED),
    GuestState.SUSPENDED: (VmState.SUSPENDED, PowerState.SHUTDOWN),
    GuestState.ABSENT: (VmState.ERROR, PowerState.NOSTATE),
}
"""The state of a server whose guest is found in this state. A server whose guest FAILED is stopped instead, which
cleans up."""

_IS_LIVE, _IS_DELETED = sa.text("deleted_at IS NULL"), sa.text("deleted_at IS NOT NULL")
_LIVE_INDEXES = {
    "page": ("created_at", "id"),
    "page_of_project": ("project_id", "created_at", "id", "name"),
    "name_of_project": ("project_id", "name", "created_at", "id"),
    "state": ("vm_state", "created_at", "id"),
    "state_of_project": ("project_id", "vm_state", "created_at", "id"),
    "host": ("host", "task_state", "deleted_at"),
}
"""Indexes of servers that are not deleted, because most queries read only these: pages in their order, for each common
filter; and what is counted, so that the rows are not read (SQLite needs `deleted_at` in the index for that)."""


class Fault(TypedDict):
    code: int
    message: str
    created: int
    details: str | None


class ServerRow(TypedDict):
    id: str
    project_id: str
    user_id: str
    name: str
    hostname: str
    description: str | None
    vm_state: str
    task_state: str | None
    power_state: int
    progress: int
    locked_by: str | None
    locked_reason: str | None
    host: str | None
    availability_zone: str
    pinned_availability_zone: str | None
    wanted_host: str | None
    scheduler_hints: dict[str, Any] | None
    image_id: str | None
    image_properties: dict[str, str] | None
    shelved_image_id: str | None
    shelved_at: int | None
    rescue_image_id: str | None
    rescue_is_last: bool | None
    flavor_id: str
    flavor: FlavorCopy
    vcpus: int
    memory_mib: int
    key_name: str | None
    public_key: str | None
    user_data: str | None
    personality: list[dict[str, str]] | None
    admin_pass: str | None
    password: str | None
    config_drive: bool
    disk_config: str
    metadata: dict[str, str]
    access_ip_v4: str | None
    access_ip_v6: str | None
    reservation_id: str
    launch_index: int
    root_device_name: str
    fault: Fault | None
    created_at: int
    updated_at: int
    launched_at: int | None
    terminated_at: int | None
    deleted_at: int | None


servers = Table[ServerRow](
    "compute_servers",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("hostname", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255)),
    sa.Column("vm_state", sa.String(32), nullable=False),
    sa.Column("task_state", sa.String(32)),
    sa.Column("power_state", sa.Integer, nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    sa.Column("locked_by", sa.String(8)),
    sa.Column("locked_reason", sa.String(255)),
    sa.Column("host", sa.String(255)),
    sa.Column("availability_zone", sa.String(255), nullable=False),
    sa.Column("pinned_availability_zone", sa.String(255)),
    sa.Column("wanted_host", sa.String(255)),
    sa.Column("scheduler_hints", sa.JSON),
    sa.Column("image_id", sa.String(36)),
    sa.Column("image_properties", sa.JSON),
    sa.Column("shelved_image_id", sa.String(36)),
    sa.Column("shelved_at", Instant),
    sa.Column("rescue_image_id", sa.String(36)),
    sa.Column("rescue_is_last", sa.Boolean),
    sa.Column("flavor_id", sa.String(255), nullable=False),
    sa.Column("flavor", sa.JSON, nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("key_name", sa.String(255)),
    sa.Column("public_key", sa.Text),
    sa.Column("user_data", sa.Text),
    sa.Column("personality", sa.JSON),
    sa.Column("admin_pass", sa.String(255)),
    sa.Column("password", sa.Text),
    sa.Column("config_drive", sa.Boolean, nullable=False),
    sa.Column("disk_config", sa.String(8), nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("access_ip_v4", sa.String(39)),
    sa.Column("access_ip_v6", sa.String(39)),
    sa.Column("reservation_id", sa.String(32), nullable=False),
    sa.Column("launch_index", sa.Integer, nullable=False),
    sa.Column("root_device_name", sa.String(255), nullable=False),
    sa.Column("fault", sa.JSON),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("launched_at", Instant),
    sa.Column("terminated_at", Instant),
    sa.Column("deleted_at", Instant),
    sa.Index("ix_compute_servers_project_id_updated_at", "project_id", "updated_at"),
    sa.Index("ix_compute_servers_updated_at", "updated_at"),
    sa.Index("ix_compute_servers_deleted", "created_at", "id", "deleted_at", sqlite_where=_IS_DELETED,
             postgresql_where=_IS_DELETED),
    *(
        sa.Index(f"ix_compute_servers_live_{name}", *columns, sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE)
        for name, columns in _LIVE_INDEXES.items()
    ),
)  # fmt: skip
"""The row of a deleted server stays, with `deleted_at`, for RETENTION. `vcpus` and `memory_mib` are counted for the quota;
while a resize waits to be confirmed, they are the larger ones of both flavors. `shelved_image_id`: the image of a shelved
server, from which its next root disk starts. `rescue_image_id`: the image from which a rescued server runs, on its first
or last disk. `password`: what the guest stored, encrypted for its owner."""


class ServerTagRow(TypedDict):
    server_id: str
    tag: str


tags = Table[ServerTagRow](
    "compute_server_tags",
    metadata,
    sa.Column("server_id", sa.String(36), sa.ForeignKey(servers.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.String(60), primary_key=True),
)

PORTS_OWNER = "compute:nova"
"""The device_owner of servers' ports: the service and the availability zone."""
RETENTION = 7 * 24 * 3600
"""Seconds that the row of a deleted server is kept, for `deleted` and `changes-since` lists and its actions."""


def at_rest(vm_state: str, power_state: int) -> GuestState | None:
    """The state of the guest of a server without an active task; None: it is not known."""
    if vm_state in KEEPS_VM_STATE:
        return OF_POWER.get(PowerState(power_state))
    return AT_REST.get(VmState(vm_state))


def status(vm_state: str, task_state: str | None) -> str:
    """ACTIVE, SHUTOFF … as clients see it."""
    if task_state is not None:
        shown = STATUS_WHILE.get((VmState(vm_state), TaskState(task_state)))
        if shown:
            return shown
    return STATUS[VmState(vm_state)]


def states_of(statuses: list[str]) -> list[tuple[str, list[str] | None, list[str]]]:
    """For each known status: (vm_state, required task states or None, excluded task states)."""
    found: list[tuple[str, list[str] | None, list[str]]] = []
    for wanted in (text.upper() for text in statuses):
        for vm_state, shown in STATUS.items():
            hiding = [task for (vm, task), other in STATUS_WHILE.items() if vm == vm_state and other != shown]
            if shown == wanted:
                found.append((vm_state, None, [str(task) for task in hiding]))
        for (vm_state, task), shown in STATUS_WHILE.items():
            if shown == wanted:
                found.append((vm_state, [str(task)], []))
    return found
