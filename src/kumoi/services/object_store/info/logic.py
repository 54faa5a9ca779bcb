"""The existing features, by the names of Swift's middleware. Clients and Tempest skip features that are not listed."""

from typing import Any

from kumoi.kernel.settings import Settings
from kumoi.services.object_store import limits, rates
from kumoi.services.object_store.realms import Realms

CROSSDOMAIN = (
    b'<?xml version="1.0"?>\n<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >\n'
    b'<cross-domain-policy>\n<allow-access-from domain="*" secure="false" />\n</cross-domain-policy>'
)
"""What an old plug-in of browsers asks for: a page of any site may read what needs no token."""


def capabilities(policies: tuple[str, ...], settings: Settings, known: Realms) -> dict[str, Any]:
    """`policies`: the default one is first."""
    shown: list[dict[str, Any]] = [{"name": name, "aliases": name} for name in policies]
    shown[0]["default"] = True
    return {
        **_limits(settings),
        "container_sync": {"realms": _realms(settings, known)},
        # The name under which clients look for access lists of accounts.
        "tempauth": {"account_acls": True},
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
            "policies": shown,
            "strict_cors_mode": True,
            "valid_api_versions": ["v1", "v1.0"],
        },
        "account_quotas": {},
        "container_quotas": {},
        "bulk_delete": {"max_deletes_per_request": 10_000, "max_failed_deletes": 1000},
        "bulk_upload": {"max_containers_per_extraction": 10_000, "max_failed_extractions": 1000},
        "crossdomain": {},
        "dlo": {"max_segments": limits.LONGEST_LISTING},
        "object_versioning": {},
        "formpost": {"allowed_digests": ["sha1", "sha256", "sha512"]},
        "slo": {"max_manifest_segments": 1000, "max_manifest_size": 8 << 20, "min_segment_size": 1},
        "staticweb": {},
        "symlink": {"symloop_max": 2, "static_links": True},
        "tempurl": {
            "methods": ["GET", "HEAD", "PUT", "POST", "DELETE"],
            "allowed_digests": ["sha1", "sha256", "sha512"],
            "incoming_allow_headers": [],
            "incoming_remove_headers": ["x-timestamp"],
            "outgoing_allow_headers": [],
            "outgoing_remove_headers": ["x-object-meta-*"],
        },
        "versioned_writes": {"allowed_flags": ["x-versions-location", "x-history-location"]},
    }


def _limits(settings: Settings) -> dict[str, Any]:
    if not (settings.containers_per_account or settings.writes_per_container):
        return {}
    return {
        "ratelimit": {
            "account_ratelimit": settings.containers_per_account,
            "container_ratelimits": [list(pair) for pair in rates.parsed(settings.writes_per_container)],
            "container_listing_ratelimits": [],
            "max_sleep_time_seconds": settings.longest_wait,
        }
    }


def _realms(settings: Settings, known: Realms) -> dict[str, Any]:
    current = settings.container_sync_current.upper()
    return {
        name: {
            "clusters": {
                cluster: {"current": True} if current == f"//{name}/{cluster}" else {} for cluster in realm.clusters
            }
        }
        for name, realm in known.realms.items()
    }
