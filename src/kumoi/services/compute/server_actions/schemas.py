"""Bodies of actions: docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action."""

from typing import Annotated, Literal

import msgspec

from kumoi.kernel.versions import since


class Reboot(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["HARD", "Hard", "hard", "SOFT", "Soft", "soft"]


class ChangePassword(msgspec.Struct, forbid_unknown_fields=True):
    adminPass: str


class Node(msgspec.Struct):
    """A NUMA node."""


class Topology(msgspec.Struct):
    """Of guests here, which have no NUMA topology of their own."""

    nodes: list[Node] = []
    pagesize_kb: int | None = None


class Lock(msgspec.Struct, forbid_unknown_fields=True):
    locked_reason: Annotated[Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None, since("2.73")] = None


class ResetState(msgspec.Struct, forbid_unknown_fields=True):
    state: Literal["active", "error"]
