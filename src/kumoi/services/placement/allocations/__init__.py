"""Allocations: what a consumer has taken from providers."""
