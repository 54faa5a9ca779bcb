"""The settings of buckets that requests can ask for."""

from kumoi.services.s3.asked import Parameters
from kumoi.services.s3.cors import logic as cors
from kumoi.services.s3.lifecycle import logic as lifecycle
from kumoi.services.s3.settings import access
from kumoi.services.s3.settings.logic import Setting
from kumoi.services.s3.tags import logic as tags

EVERY = (cors.RULES, lifecycle.RULES, tags.OF_BUCKET, access.BLOCKS, access.OWNERSHIP)


def asked_for(given: Parameters) -> Setting | None:
    return next((each for each in EVERY if each.parameter in given), None)
