"""Whether something would find a place."""

NEEDS = ("compute", "placement")
"""A cloud without them has no dry runs."""
