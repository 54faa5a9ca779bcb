"""Rules have tags."""

from kumoi.services.network.security_group_rules.logic import find
from kumoi.services.network.security_groups.models import security_group_rules as security_group_rules_table
from kumoi.services.network.tags.declaration import Tagged

TAGGED = Tagged("security-group-rules", "rule_id", find, security_group_rules_table)
