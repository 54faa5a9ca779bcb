"""Ports have tags."""

from kumoi.services.network.port_rows.models import ports as ports_table
from kumoi.services.network.ports.logic import find
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("ports", "port_id", find, ports_table)
