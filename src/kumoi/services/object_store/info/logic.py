"""The existing features, by the names of Swift's middleware. Clients and Tempest skip features that are not listed."""

from typing import Any

from kumoi.services.object_store import limits

POLICY = "default"
"""The one storage policy."""


def capabilities() -> dict[str, Any]:
    return {
        "swift": {
            "version": "2.35.0",
            "account_autocreate": True,
            "account_listing_limit": limits.LONGEST_LISTING,
            "allow_account_management": False,
            "container_listing_limit": limits.LONGEST_LISTING,
            "extra_header_count": 0,
            "max_account_name_length": limits.LONGEST_ACCOUNT,
            "max_container_name_length": limits.LONGEST_CONTAINER,
            "max_file_size": limits.MOST_BYTES,
            "max_header_size": limits.LONGEST_HEADER,
            "max_meta_count": limits.MOST_META,
            "max_meta_name_length": limits.LONGEST_META_NAME,
            "max_meta_overall_size": limits.MOST_META_BYTES,
            "max_meta_value_length": limits.LONGEST_META_VALUE,
            "max_object_name_length": limits.LONGEST_OBJECT,
            "policies": [{"name": POLICY, "aliases": POLICY, "default": True}],
            "strict_cors_mode": True,
            "valid_api_versions": ["v1", "v1.0"],
        },
        "account_quotas": {},
        "container_quotas": {},
        "listing_formats": {},
    }
