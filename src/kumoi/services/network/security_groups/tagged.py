"""Security groups have tags."""

from kumoi.services.network.security_groups.logic import find
from kumoi.services.network.security_groups.models import security_groups
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("security-groups", "security_group_id", find, security_groups)
