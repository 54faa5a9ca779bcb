"""One folder per OpenStack service type."""
