"""Routers have tags."""

from kumoi.services.network.routers.logic import find
from kumoi.services.network.routers.models import routers
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("routers", "router_id", find, routers)
