"""Shape of agents: docs.openstack.org/api-ref/network/v2/#agents."""

import msgspec


class Configurations(msgspec.Struct):
    ports: int


class Agent(msgspec.Struct, kw_only=True):
    id: str
    agent_type: str
    binary: str
    host: str
    topic: str
    description: str
    availability_zone: str
    admin_state_up: bool
    alive: bool
    configurations: Configurations
    resource_versions: dict[str, str]
    resources_synced: None
    created_at: str
    started_at: str
    heartbeat_timestamp: str
