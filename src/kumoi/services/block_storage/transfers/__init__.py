"""Transfers: an offer of a volume to whoever knows its key."""
