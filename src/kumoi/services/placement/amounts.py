"""How large the amounts of the API may be."""

LARGEST = 2**31 - 1
"""The largest amount that the API knows."""
