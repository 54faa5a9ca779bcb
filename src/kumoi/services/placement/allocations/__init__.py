"""Allocations: the resources that a consumer uses."""
