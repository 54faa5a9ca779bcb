"""Flavors: the sizes that servers come in."""
