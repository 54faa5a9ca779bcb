"""Shapes of dependents."""

from typing import Annotated

import msgspec

MOST = 1000


class ListQuery(msgspec.Struct, kw_only=True):
    resource: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """As the stream of changes names it: `network`, `security_group`."""
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 100


class Dependent(msgspec.Struct, kw_only=True, frozen=True):
    """`effect` of the deletion: `deleted` with it, `changed` by it; `uses`: it refers to the resource."""

    service: str
    resource: str
    id: str
    effect: str


class Refusal(msgspec.Struct, kw_only=True):
    """What the deletion would answer."""

    code: int
    message: str


class ListBody(msgspec.Struct, kw_only=True):
    """`refused` None: it may be deleted. `hidden`: how many dependents the caller may not see. `more`: there are others
    beyond the limit."""

    refused: Refusal | None
    dependents: list[Dependent]
    hidden: int
    more: bool
