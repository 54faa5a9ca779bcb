"""Limits: the quotas and usage of a project."""
