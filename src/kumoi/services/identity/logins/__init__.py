"""Attempts to log in: how many failed, from where, and who came in."""
