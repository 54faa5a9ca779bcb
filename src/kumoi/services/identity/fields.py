"""Fields that several resources of identity have."""

from typing import Annotated

import msgspec

UNSET = msgspec.UNSET
Unset = msgspec.UnsetType
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"\S")]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^,/]*$")]
MOST_TAGS = 80
Tags = Annotated[list[Tag], msgspec.Meta(max_length=MOST_TAGS)]
"""`Name` is that of projects, domains and groups."""
