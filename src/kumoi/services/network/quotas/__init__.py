"""Quotas of the network service, as its API shows them."""
