"""The audit of the whole cloud, for operations. The composition root knows the audits of all services."""

from collections.abc import Callable
from typing import Any

from kumoi.kernel.database import Database

Locate = Callable[[type[Any]], Any]
Look = Callable[[Database, Locate], list[dict[str, Any]]]


class Audit:
    """`differences` lists {service, kind, id, problem}; empty when tables and world agree."""

    def __init__(self, look: Look) -> None:
        self.differences = look
