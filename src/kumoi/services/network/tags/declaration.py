"""A resource that has tags says so in a room of its own, `tagged.py`: its collection gets the routes of tags."""

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
    """The name that its own routes have for the id: `security_group_id`."""
    find: Callable[[Transaction, Who, str], Any]
    """Its row, or its own error when the caller has none such."""
    table: sa.Table
