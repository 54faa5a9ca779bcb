"""Shapes of the explanation."""

from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=36)]


class Query(msgspec.Struct, kw_only=True):
    """Ids of two ports. `port`: of protocols that have ports; absent: a rule for some ports is not enough."""

    from_: Id = msgspec.field(name="from")
    to: Id
    protocol: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] = "tcp"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None


class Reason(msgspec.Struct, kw_only=True):
    """`holds` null: it cannot be told. `ids`: of the ports, networks, routers, groups and rules that `text` is about."""

    holds: bool | None
    text: str
    ids: list[str]


class Reachability(msgspec.Struct, kw_only=True):
    """`reachable` null: it cannot be told. `source` and `target` are the addresses that were looked at."""

    reachable: bool | None
    source: str | None
    target: str | None
    reasons: list[Reason]


class ShowBody(msgspec.Struct):
    reachability: Reachability
