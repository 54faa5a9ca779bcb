"""The body and reply of a dry run."""

from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Question(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A flavor's id, or amounts by resource class with required traits."""

    flavor: Name | None = None
    resources: dict[Name, Amount] | None = None
    required_traits: Annotated[list[Name], msgspec.Meta(max_length=100)] = []
    volume_backed: bool = False


class Host(msgspec.Struct, kw_only=True):
    name: str
    reasons: list[str]


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`shortfall`: why not, without host names. For an admin also each `host`; one that fits has no reasons."""

    fits: bool
    shortfall: list[str]
    hosts: list[Host] | msgspec.UnsetType = msgspec.UNSET
