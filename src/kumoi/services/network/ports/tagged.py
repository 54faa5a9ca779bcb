"""Ports have tags."""

from kumoi.services.network.ports.logic import find
from kumoi.services.network.ports.models import ports
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("ports", "port_id", find, ports)
