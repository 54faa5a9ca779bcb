"""Versions of objects."""
