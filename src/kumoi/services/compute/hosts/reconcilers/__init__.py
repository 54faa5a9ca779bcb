"""Keeps the table of hosts current."""
