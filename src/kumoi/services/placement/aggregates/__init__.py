"""Aggregates: groups of providers."""
