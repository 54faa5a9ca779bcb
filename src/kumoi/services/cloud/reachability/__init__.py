"""Whether one port can reach another, and why not."""

NEEDS = ("network",)
"""A cloud without it has no ports."""
