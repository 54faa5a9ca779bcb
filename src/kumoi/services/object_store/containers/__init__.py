"""Containers, which hold objects."""
