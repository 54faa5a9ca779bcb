"""Subnets have tags."""

from kumoi.services.network.subnets.logic import find
from kumoi.services.network.subnets.models import subnets
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("subnets", "subnet_id", find, subnets)
