"""Plugging volumes into servers and taking them out."""
