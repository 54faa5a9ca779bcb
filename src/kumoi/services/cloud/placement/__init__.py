"""Dry runs: whether a server would find a host."""

NEEDS = ("compute", "placement")
"""A cloud without them has no dry runs."""
