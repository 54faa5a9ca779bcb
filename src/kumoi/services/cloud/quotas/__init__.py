"""Quotas of all projects at once, for operators."""
