"""A resource with tags declares them in its room `tagged.py`. Its collection then gets the routes of tags."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who


@dataclass(frozen=True)
class Tagged:
    collection: str
    """As in its path: `security-groups`."""
    id: str
    """The name of the id in its own paths: `security_group_id`."""
    find: Callable[[Transaction, Who, str], Any]
    """Its row, or the resource's own "not found" error."""
    table: sa.Table
