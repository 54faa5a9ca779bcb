"""Retention of the feed of changes."""
