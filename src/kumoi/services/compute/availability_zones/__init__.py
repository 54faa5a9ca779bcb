"""Availability zones: parts of the cloud that fail independently."""
