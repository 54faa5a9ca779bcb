"""Subnet pools: prefixes from which subnets are cut."""
