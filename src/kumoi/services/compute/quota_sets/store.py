"""Quotas that limit a single request and have no usage."""

from kumoi.kernel.quotas import UNLIMITED, Quota, nothing

METADATA_ITEMS = Quota("compute", "metadata_items", 128, nothing)
INJECTED_FILES = Quota("compute", "injected_files", 5, nothing)
INJECTED_FILE_CONTENT_BYTES = Quota("compute", "injected_file_content_bytes", 10240, nothing)
INJECTED_FILE_PATH_BYTES = Quota("compute", "injected_file_path_bytes", 255, nothing)
OF_NETWORKS = [
    Quota("compute", name, UNLIMITED, nothing)
    for name in ("fixed_ips", "floating_ips", "security_groups", "security_group_rules")
]
"""Until 2.35 they are set and shown, as in Nova, and limit nothing: the network service has limits of its own."""
