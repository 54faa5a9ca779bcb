"""Policies of buckets."""
