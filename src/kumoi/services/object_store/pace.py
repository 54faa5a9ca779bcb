"""Limits of writes per second: of the containers of one account, and of the objects of one container. Off by default."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from kumoi.engines.objects.interface import Reading
from kumoi.kernel import clock
from kumoi.kernel.errors import RateLimited
from kumoi.kernel.http import Request
from kumoi.services.object_store import rates, stores

MOST_KEYS = 10_000
"""Accounts and containers that are remembered; the one that was written to longest ago is forgotten first."""
BUFFER = 5 * clock.SECOND
"""For how long an unused rate is saved up."""


class Pace:
    """The streams process has one, and takes all writes, so the limits hold for the whole cloud."""

    def __init__(self) -> None:
        self._reserved: OrderedDict[str, int] = OrderedDict()
        """Key → the instant up to which writes are promised."""

    def wait(self, key: str, rate: float, longest: float) -> float:
        """Seconds that the next write has to wait; RateLimited if they are more than `longest`."""
        now, each = clock.now(), round(clock.SECOND / rate)
        begins = max(self._reserved.get(key, 0), now - BUFFER)
        waits = (begins - now) / clock.SECOND
        if waits > longest:
            raise RateLimited("Slow down", max(1, -(-(begins - now) // clock.SECOND)))
        self._reserved[key] = begins + each
        self._reserved.move_to_end(key)
        while len(self._reserved) > MOST_KEYS:
            self._reserved.popitem(last=False)
        return max(0.0, waits)


_pace = Pace()


async def of_account(request: Request, account: str, check: Callable[[Reading], object]) -> None:
    """Let a change of a container wait until the limit of its account allows it. `check` refuses those who may not make it,
    who use nothing up."""
    if rate := request.settings.containers_per_account:
        stores.look(request, check)
        await _hold(request, account, rate)


async def of_container(request: Request, account: str, container: str, size: Callable[[Reading], int]) -> None:
    """The same for a change of an object. `size`: of the container, if it may be changed."""
    text = request.settings.writes_per_container
    if text and (rate := rates.rate_at(rates.parsed(text), stores.look(request, size))):
        await _hold(request, f"{account}/{container}", rate)


async def _hold(request: Request, key: str, rate: float) -> None:
    if (seconds := _pace.wait(key, rate, request.settings.longest_wait)) > 0:
        await asyncio.sleep(seconds)
