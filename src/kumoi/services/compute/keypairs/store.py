"""The rows of keypairs: a user's, by name."""

from kumoi.kernel.plain import Rows
from kumoi.kernel.quotas import Quota
from kumoi.services.compute.keypairs.models import keypairs

rows = Rows(table=keypairs, owner="user_id", key="name")

KEY_PAIRS = Quota("compute", "key_pairs", 100, rows.count)
"""Each user has as many as the limit of the project that is asked from; of a project itself none are counted."""
