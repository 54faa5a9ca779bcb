"""Flavors: the sizes of servers."""
