"""Subnets: address ranges of networks, and the DHCP options of their guests."""
