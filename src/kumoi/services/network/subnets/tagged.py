"""Subnets have tags."""

from kumoi.services.network.subnet_rows.models import subnets as subnets_table
from kumoi.services.network.subnets.logic import find
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("subnets", "subnet_id", find, subnets_table)
