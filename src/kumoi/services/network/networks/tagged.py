"""Networks have tags."""

from kumoi.services.network.network_rows.models import networks as networks_table
from kumoi.services.network.networks.logic import find
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("networks", "network_id", find, networks_table)
