"""Cache headers of placement's replies: from 1.15 on every body has a time of change and asks caches not to store
it."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from kumoi.kernel.clock import SECOND
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply


def fresh(request: Request, body: Any, changed_at: int | None = None, status: int | None = None) -> Reply:
    """`changed_at`: microseconds; None: now."""
    if not request.behaves("replies say when they changed"):
        return Reply(body, status=status)
    moment = datetime.fromtimestamp((changed_at or request.tx.now) // SECOND, UTC)
    headers = {"Last-Modified": format_datetime(moment, usegmt=True), "Cache-Control": "no-cache"}
    return Reply(body, status=status, headers=headers)
