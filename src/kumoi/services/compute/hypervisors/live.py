"""Asks hosts how long they have run."""

from collections.abc import Iterable

from kumoi.engines.hosts import Hosts
from kumoi.kernel import polls
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request

WITHIN = 5.0
"""Seconds."""


def uptimes(request: Request, names: Iterable[str]) -> dict[str, str | None]:
    """Host → its uptime; None: it does not answer."""
    hosts: Hosts = request.engine(Hosts)
    asked = set(names)
    answers = polls.ask(
        "uptime", hosts.names(), lambda name: hosts.hypervisor(name).uptime() if name in asked else "", WITHIN
    )
    return {name: answer if isinstance(answer := answers.get(name), str) else None for name in asked}


def uptime(request: Request, name: str) -> str:
    """BadRequest if the host does not answer, as in Nova."""
    found = uptimes(request, [name])[name]
    if found is None:
        raise BadRequest(f"Compute service of {name} is unavailable at this time.")
    return found
