"""Reconcilers of operations."""
