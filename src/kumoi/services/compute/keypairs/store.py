"""The rows of keypairs: a user's, by name."""

from kumoi.kernel.quotas import Quota
from kumoi.kernel.rows import Rows
from kumoi.services.compute.keypairs.models import keypairs

rows = Rows(table=keypairs, owner="user_id", key="name")

KEY_PAIRS = Quota("compute", "key_pairs", 100, rows.count, of_user=True)
"""The limit of the token's project applies to each user. Projects themselves have no usage."""
