"""Sweeps of resized servers."""
