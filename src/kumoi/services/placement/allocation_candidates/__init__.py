"""Allocation candidates: providers that can satisfy a request."""
