"""Keeping servers' rows and guests in step."""
