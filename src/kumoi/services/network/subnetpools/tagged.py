"""Subnet pools have tags."""

from kumoi.services.network.subnetpools.logic import find
from kumoi.services.network.subnetpools.models import subnetpools
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("subnetpools", "subnetpool_id", find, subnetpools)
