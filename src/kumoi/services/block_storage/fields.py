"""Fields that several resources of block storage have."""

from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Value = Annotated[str, msgspec.Meta(max_length=255)]
Metadata = dict[Key, Value]
