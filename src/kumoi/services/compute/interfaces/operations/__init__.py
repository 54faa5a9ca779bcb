"""Plugging network cards into servers and taking them out."""
