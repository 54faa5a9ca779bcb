"""Subnets: address ranges of networks and what guests are told about them."""
