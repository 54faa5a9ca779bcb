"""Asks each host whether it answers, and shows it as an agent."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kumoi.engines.hosts import Hosts
from kumoi.kernel import clock
from kumoi.kernel.errors import NotFound
from kumoi.services.network.networks.schemas import ZONE

Engine = Callable[[type[Any]], Any]
SPACE = uuid.UUID("0e9a1f4c-3a52-4c0e-8f6e-6b756d6f6900")


FILTERS: dict[str, Any] = {
    "id": str, "agent_type": str, "binary": str, "host": str, "topic": str, "admin_state_up": bool, "alive": bool,
    "availability_zone": str, "description": str,
}  # fmt: skip
"""Attribute → type. An attribute that agents do not have matches only the empty text."""


class AgentNotFound(NotFound):
    kind = "AgentNotFound"

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"Agent {agent_id} could not be found.")


def index(engine: Engine, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """One agent for each host. `filters`: attribute → values as texts."""
    hosts: Hosts = engine(Hosts)
    found = [_agent(hosts, host) for host in hosts.names()]
    for name, values in filters.items():
        wanted = {value.lower() for value in values}
        found = [agent for agent in found if str(agent.get(name, "")).lower() in wanted]
    return found


def show(engine: Engine, agent_id: str) -> dict[str, Any]:
    hosts: Hosts = engine(Hosts)
    for host in hosts.names():
        if _id(host) == agent_id:
            return _agent(hosts, host)
    raise AgentNotFound(agent_id)


def _id(host: str) -> str:
    return str(uuid.uuid5(SPACE, host))


def _agent(hosts: Hosts, host: str) -> dict[str, Any]:
    try:
        ports, alive = len(hosts.wiring(host).plugged()), True
    except Exception:
        # Any failure to answer is the result here.
        ports, alive = 0, False
    now = clock.iso(clock.now()).replace("T", " ").removesuffix("Z")  # the only times of this API in this form
    return {
        "id": _id(host),
        "agent_type": "OVN Controller Gateway agent",
        "binary": "ovn-controller",
        "host": host,
        "topic": "n/a",
        "admin_state_up": True,
        "alive": alive,
        "availability_zone": ZONE,
        "configurations": {"ports": ports},
        "description": "",
        "created_at": now,
        "started_at": now,
        "heartbeat_timestamp": now,
        "resources_synced": None,
        "resource_versions": {},
    }
