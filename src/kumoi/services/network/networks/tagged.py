"""Networks have tags."""

from kumoi.services.network.networks.logic import find
from kumoi.services.network.networks.models import networks
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("networks", "network_id", find, networks)
