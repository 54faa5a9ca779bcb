"""Networks: layer 2 and 3, addresses, floating IPs and security groups (OpenStack Network API v2.0)."""
