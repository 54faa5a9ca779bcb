"""Floating IPs have tags."""

from kumoi.services.network.floating_ips.logic import find
from kumoi.services.network.floating_ips.models import floating_ips
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("floatingips", "floating_ip_id", find, floating_ips)
