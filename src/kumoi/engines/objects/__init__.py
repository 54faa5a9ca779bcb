"""Stores the bytes and the names of objects."""
