"""Fields that several resources of identity have."""

from typing import Annotated

import msgspec

UNSET = msgspec.UNSET
Unset = msgspec.UnsetType
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
